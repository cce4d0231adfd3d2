// From the files of a Hugging Face directory to the parts of a tokenizer.

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/log.hpp"
#include "core/format/tokenizer_parts.hpp"
#include "core/format/utf8.hpp"

namespace lateral::format::detail {
namespace {

using json::Kind;
using json::Value;

constexpr std::string_view kWhere = "tokenizer";
constexpr std::uint64_t kMaxMerges = 64ULL << 20U;  // bytes
constexpr std::size_t kMaxTemplate = 64;            // tokens around a text

std::optional<Value> read_if_there(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return std::nullopt;
  return json::read_file(path);
}

BpeModel::Vocab vocab_from(const Value& value) {
  if (!value.is(Kind::Object)) value.reject("an object from token to id");
  BpeModel::Vocab vocab;
  vocab.reserve(value.size());
  for (std::size_t i = 0; i < value.size(); ++i) {
    vocab.emplace_back(value.key(i), static_cast<TokenId>(value[i].as_int(0, INT32_MAX)));
  }
  return vocab;
}

std::optional<std::pair<std::string, std::string>> merge_from(std::string_view line) {
  const auto space = line.find(' ');
  if (space == line.npos || space == 0 || space + 1 == line.size()) return std::nullopt;
  if (line.find(' ', space + 1) != line.npos) return std::nullopt;
  return std::pair(std::string(line.substr(0, space)), std::string(line.substr(space + 1)));
}

// Either "a b" or ["a", "b"].
BpeModel::Merges merges_from(const Value& value) {
  if (!value.is(Kind::Array)) value.reject("an array of merges");
  BpeModel::Merges merges;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const auto item = value[i];
    if (item.is(Kind::Array) && item.size() == 2) {
      merges.emplace_back(item[0].as_string(), item[1].as_string());
    } else if (auto merge = merge_from(item.is(Kind::String) ? item.as_string() : std::string_view())) {
      merges.push_back(*std::move(merge));
    } else {
      item.reject("two tokens");
    }
  }
  return merges;
}

BpeModel::Merges merges_from_lines(const std::filesystem::path& path) {
  const auto text = read_text(path, kMaxMerges);
  BpeModel::Merges merges;
  std::string_view rest = text;
  for (int number = 1; !rest.empty(); ++number) {
    auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || (number == 1 && line.starts_with("#version"))) continue;
    auto merge = merge_from(line);
    if (!merge) {
      fail(Errc::Corrupt, kWhere, path.string(), ":", number, ": expected two tokens, found ",
           json::quote(utf8::clip(line)));
    }
    merges.push_back(*std::move(merge));
  }
  return merges;
}

BpeModel model_from(const Value& value) {
  if (value.get("type", "BPE") != "BPE") refuse_part("model", value);
  for (const auto* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    const auto affix = value.find(key);
    if (affix && !affix->as_string().empty()) {
      fail(Errc::Unsupported, kWhere, affix->place(), ": this part of a BPE model is not supported");
    }
  }
  if (const auto dropout = value.find("dropout"); dropout && dropout->as_double() != 0) {
    fail(Errc::Unsupported, kWhere, dropout->place(), ": dropout would make ids random");
  }
  BpeOptions options;
  if (const auto unk = value.find("unk_token")) options.unk_token = unk->as_string();
  options.fuse_unk = value.get("fuse_unk", false);
  options.byte_fallback = value.get("byte_fallback", false);
  options.ignore_merges = value.get("ignore_merges", false);
  return {vocab_from(value.at("vocab")), merges_from(value.at("merges")), options, value.place()};
}

void add_token(TokenizerParts& parts, AddedToken token, std::string_view source) {
  const auto known = parts.model.id_of(token.content);
  const auto* const holder = parts.model.token_of(token.id);
  if ((known && *known != token.id) || (holder != nullptr && *holder != token.content)) {
    fail(Errc::Corrupt, kWhere, source, ": the added token ", json::quote(utf8::clip(token.content)),
         " has id ", token.id, ", but the vocabulary says otherwise");
  }
  parts.added.add(std::move(token), parts.normalizer, source);
}

AddedToken token_from(const Value& value, TokenId id) {
  if (value.get("single_word", false)) {
    fail(Errc::Unsupported, kWhere, value.place(), ": single_word is not supported");
  }
  const bool special = value.get("special", false);
  return {std::string(value.at("content").as_string()),
          id,
          special,
          value.get("lstrip", false),
          value.get("rstrip", false),
          value.get("normalized", !special)};
}

void read_template(TokenizerParts& parts, const Value& value) {
  const auto single = value.at("single");
  const auto special = value.find("special_tokens");
  bool before = true;
  for (std::size_t i = 0; i < single.size(); ++i) {
    if (single[i].find("Sequence")) {
      if (!before) single[i].reject("one Sequence only");
      before = false;
      continue;
    }
    const auto name = single[i].at("SpecialToken").at("id").as_string();
    if (!special) value.reject("special_tokens");
    const auto ids = special->at(name).at("ids");
    if (ids.size() > kMaxTemplate || single.size() > kMaxTemplate) value.reject("a short template");
    for (std::size_t j = 0; j < ids.size(); ++j) {
      (before ? parts.prefix : parts.suffix).push_back(static_cast<TokenId>(ids[j].as_int(0, INT32_MAX)));
    }
  }
  if (before) single.reject("a Sequence");
  if (parts.prefix.size() + parts.suffix.size() > kMaxTemplate) value.reject("a short template");
}

void read_post_processor(TokenizerParts& parts, const Value& value) {
  const auto type = value.at("type").as_string();
  if (type == "ByteLevel") return;  // changes offsets only
  if (type == "TemplateProcessing") return read_template(parts, value);
  if (type != "Sequence") refuse_part("post_processor", value);
  const auto list = value.at("processors");
  for (std::size_t i = 0; i < list.size(); ++i) read_post_processor(parts, list[i]);
}

// "truncation" and "padding" describe a call, not the tokenizer; transformers resets them as well.
TokenizerParts from_tokenizer_json(const Value& root) {
  TokenizerParts parts;
  if (const auto part = root.find("normalizer")) parts.normalizer = Normalizer(*part);
  if (const auto part = root.find("pre_tokenizer")) parts.pretokenizer = Pretokenizer(*part);
  if (const auto part = root.find("decoder")) parts.decoder = TokenDecoder(*part);
  parts.model = model_from(root.at("model"));
  if (const auto list = root.find("added_tokens")) {
    const auto source = list->place();  // once: an item's own place costs a walk over everything before it
    for (std::size_t i = 0; i < list->size(); ++i) {
      const auto item = (*list)[i];
      add_token(parts, token_from(item, static_cast<TokenId>(item.at("id").as_int(0, INT32_MAX))), source);
    }
  }
  if (const auto part = root.find("post_processor")) read_post_processor(parts, *part);
  return parts;
}

// A special token is given as text or as an object with "content".
std::optional<std::string> special_name(const std::optional<Value>& file, std::string_view key) {
  const auto value = file && file->is(Kind::Object) ? file->find(key) : std::nullopt;
  if (!value) return std::nullopt;
  return std::string(value->is(Kind::Object) ? value->at("content").as_string() : value->as_string());
}

struct Sidecars {
  std::optional<Value> tokenizer, special_map, model;

  explicit Sidecars(const std::filesystem::path& folder)
      : tokenizer(read_if_there(folder / "tokenizer_config.json")),
        special_map(read_if_there(folder / "special_tokens_map.json")),
        model(read_if_there(folder / "config.json")) {}

  std::optional<std::string> name_of(const std::string& role) const {
    if (auto name = special_name(tokenizer, role + "_token")) return name;
    return special_name(special_map, role + "_token");
  }
  bool is_opt() const { return model && model->get("model_type", "") == "opt"; }
};

std::optional<TokenId> id_for(const std::string& role, const Sidecars& files, const TokenizerParts& parts) {
  if (const auto name = files.name_of(role)) {
    const auto id = parts.id_of(*name);
    if (!id) log::warn(kWhere, role, " token ", json::quote(utf8::clip(*name)), " is not in the vocabulary");
    return id;
  }
  auto value = files.model ? files.model->find(role + "_token_id") : std::nullopt;
  // Several ends: the first counts.
  if (value && value->is(Kind::Array) && value->size() > 0) value = (*value)[0];
  if (!value) return std::nullopt;
  const auto id = static_cast<TokenId>(value->as_int(INT32_MIN, INT32_MAX));
  return parts.token_of(id) != nullptr ? std::optional(id) : std::nullopt;
}

void add_declared_tokens(TokenizerParts& parts, const Sidecars& files) {
  const auto list = files.tokenizer ? files.tokenizer->find("added_tokens_decoder") : std::nullopt;
  const auto source = list ? list->place() : std::string();
  for (std::size_t i = 0; list && i < list->size(); ++i) {
    const auto item = (*list)[i];
    TokenId id = -1;
    const auto key = list->key(i);
    if (key.empty() || key.size() > 9 || key.find_first_not_of("0123456789") != key.npos)
      item.reject("an id as key");
    id = static_cast<TokenId>(std::stol(std::string(key)));
    if (parts.added.find(id) == nullptr) add_token(parts, token_from(item, id), source);
  }
}

// What transformers does for GPT2Tokenizer: byte-level words, special tokens known by role.
TokenizerParts from_vocab_and_merges(const std::filesystem::path& folder, const Sidecars& files) {
  TokenizerParts parts;
  const auto vocab_path = folder / "vocab.json";
  const bool prefix_space = files.tokenizer && files.tokenizer->get("add_prefix_space", false);
  parts.model = BpeModel(vocab_from(json::read_file(vocab_path)), merges_from_lines(folder / "merges.txt"),
                         {}, vocab_path.string());
  parts.pretokenizer = Pretokenizer::byte_level(prefix_space);
  parts.decoder = TokenDecoder::byte_level();
  add_declared_tokens(parts, files);
  for (const std::string role : {"bos", "eos", "unk", "pad"}) {
    const auto id = id_for(role, files, parts);
    if (id && parts.added.find(*id) == nullptr) {
      add_token(parts, {*parts.token_of(*id), *id, true}, vocab_path.string());
    }
  }
  const auto bos = id_for("bos", files, parts);
  const bool add_bos =
      files.tokenizer ? files.tokenizer->get("add_bos_token", files.is_opt()) : files.is_opt();
  if (add_bos && bos) parts.prefix.push_back(*bos);
  return parts;
}

}  // namespace

TokenizerParts read_tokenizer(const std::filesystem::path& folder) {
  const Sidecars files(folder);
  const auto json_file = read_if_there(folder / "tokenizer.json");
  if (!json_file && !std::filesystem::exists(folder / "vocab.json")) {
    fail(Errc::NotFound, kWhere, folder.string(),
         " holds neither tokenizer.json nor vocab.json with merges.txt");
  }
  auto parts = json_file ? from_tokenizer_json(*json_file) : from_vocab_and_merges(folder, files);
  for (const auto& side : {parts.prefix, parts.suffix}) {
    for (const TokenId id : side) {
      if (parts.token_of(id) == nullptr)
        fail(Errc::Corrupt, kWhere, folder.string(), ": the template adds id ", id);
    }
  }
  parts.bos = id_for("bos", files, parts);
  parts.eos = id_for("eos", files, parts);
  parts.pad = id_for("pad", files, parts);
  return parts;
}

}  // namespace lateral::format::detail
