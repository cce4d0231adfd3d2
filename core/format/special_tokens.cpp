#include "core/format/special_tokens.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace lateral::format {
namespace {

using json::Kind;
using json::Value;

std::optional<Value> read_if_there(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return std::nullopt;
  return json::read_file(path);
}

std::optional<Value> member(const std::optional<Value>& file, std::string_view key) {
  return file && file->is(Kind::Object) ? file->find(key) : std::nullopt;
}

AddedToken token_from(const Value& value, bool special) {
  AddedToken token;
  token.content = value.at("content").as_string();
  token.special = special;
  token.lstrip = value.get("lstrip", false);
  token.rstrip = value.get("rstrip", false);
  token.normalized = value.get("normalized", !special);
  token.single_word = value.get("single_word", false);
  return token;
}

/// Of a text, or an object with "content": some files write tokens in one way, some in the other.
AddedToken special_from(const Value& value) {
  if (value.is(Kind::Object)) return token_from(value, true);
  AddedToken token;
  token.content = value.as_string();
  token.special = true;
  return token;
}

bool is_token(const Value& value) {
  return value.is(Kind::String) || (value.is(Kind::Object) && value.find("content"));
}

void keep(AddedToken token, std::vector<AddedToken>& tokens) {
  if (!token.content.empty()) tokens.push_back(std::move(token));
}

TokenId id_from(std::string_view key, const Value& item) {
  if (key.empty() || key.size() > 9 || key.find_first_not_of("0123456789") != key.npos)
    item.reject("an id as key");
  return static_cast<TokenId>(std::stol(std::string(key)));
}

std::vector<AddedToken> of_decoder(const Value& list) {
  std::vector<AddedToken> tokens;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto item = list[i];
    tokens.push_back(added_token_from(item));
    tokens.back().id = id_from(list.key(i), item);
  }
  return tokens;
}

}  // namespace

AddedToken added_token_from(const Value& value) {
  return token_from(value, value.get("special", false));
}

SpecialTokens::SpecialTokens(const std::filesystem::path& folder)
    : config_(read_if_there(folder / "tokenizer_config.json")),
      map_(read_if_there(folder / "special_tokens_map.json")),
      added_(read_if_there(folder / "added_tokens.json")) {}

std::optional<std::string> SpecialTokens::name_of(std::string_view role) const {
  const std::string key = std::string(role) + "_token";
  auto value = member(config_, key);
  if (!value) value = member(map_, key);
  if (!value) return std::nullopt;
  return special_from(*value).content;
}

std::vector<AddedToken> SpecialTokens::named() const {
  std::vector<AddedToken> tokens;
  for (const auto* file : {&config_, &map_}) {
    if (!*file || !(*file)->is(Kind::Object)) continue;
    for (std::size_t i = 0; i < (*file)->size(); ++i) {
      const auto key = (*file)->key(i);
      const auto value = (**file)[i];
      const bool said_before = file == &map_ && member(config_, key);
      if (key.ends_with("_token") && is_token(value) && !said_before) keep(special_from(value), tokens);
    }
  }
  return tokens;
}

std::vector<AddedToken> SpecialTokens::listed() const {
  std::vector<AddedToken> tokens;
  for (const auto* file : {&config_, &map_}) {
    for (const auto* key : {"additional_special_tokens", "extra_special_tokens"}) {
      const auto list = member(*file, key);
      for (std::size_t i = 0; list && i < list->size(); ++i) keep(special_from((*list)[i]), tokens);
    }
  }
  return tokens;
}

bool SpecialTokens::declares_flags() const {
  return member(config_, "added_tokens_decoder").has_value();
}

std::vector<AddedToken> SpecialTokens::declared() const {
  const auto list = member(config_, "added_tokens_decoder");
  auto tokens = list ? of_decoder(*list) : of_added_tokens();
  std::sort(tokens.begin(), tokens.end(),
            [](const AddedToken& a, const AddedToken& b) { return a.id < b.id; });
  return tokens;
}

std::vector<AddedToken> SpecialTokens::of_added_tokens() const {
  std::set<std::string> special;
  for (const auto& tokens : std::array{named(), listed()}) {
    for (const auto& token : tokens) special.insert(token.content);
  }
  std::vector<AddedToken> tokens;
  for (std::size_t i = 0; added_ && i < added_->size(); ++i) {
    AddedToken token;
    token.content = added_->key(i);
    token.id = static_cast<TokenId>((*added_)[i].as_int(0, INT32_MAX));
    token.special = special.contains(token.content);
    token.normalized = !token.special;
    tokens.push_back(std::move(token));
  }
  return tokens;
}

}  // namespace lateral::format
