// From the files of a Hugging Face directory to the parts of a tokenizer.

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/format/byte_level.hpp"
#include "core/format/tokenizer_parts.hpp"
#include "core/format/utf8.hpp"

namespace lateral::format::detail {
namespace {

using json::Kind;
using json::Value;

constexpr std::string_view kWhere = "tokenizer";

std::optional<Value> read_if_there(const std::filesystem::path& path, json::Limits limits = {}) {
  if (!std::filesystem::exists(path)) return std::nullopt;
  return json::read_file(path, limits);
}

void add_token(TokenizerParts& parts, AddedToken token, std::string_view source) {
  const auto known = parts.vocabulary().id_of(token.content);
  const auto* const holder = parts.vocabulary().token_of(token.id);
  if ((known && *known != token.id) || (holder != nullptr && *holder != token.content)) {
    fail(Errc::Corrupt, kWhere, source, ": the added token ", json::quote(utf8::clip(token.content)),
         " has id ", token.id, ", but the vocabulary says otherwise");
  }
  parts.added.add(std::move(token), parts.normalizer, source);
}

AddedToken token_from(const Value& value, TokenId id) {
  AddedToken token;
  token.content = value.at("content").as_string();
  token.id = id;
  token.special = value.get("special", false);
  token.lstrip = value.get("lstrip", false);
  token.rstrip = value.get("rstrip", false);
  token.normalized = value.get("normalized", !token.special);
  token.single_word = value.get("single_word", false);
  return token;
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
  if (const auto part = root.find("post_processor")) parts.surround = read_post_processor(*part);
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
  /// The model type, e.g. "opt"; a tokenizer class of its own goes first. Empty when no file says it.
  std::string family() const {
    const auto type = tokenizer ? tokenizer->get("tokenizer_class", "") : "";
    if (type.starts_with("GPT2Tokenizer")) return "gpt2";
    if (type.starts_with("Qwen2Tokenizer")) return "qwen2";
    return model ? model->get("model_type", "") : "";
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

// vocab.json and merges.txt do not say how text is cut into words; transformers knows it by the model.
void read_words(TokenizerParts& parts, const Sidecars& files, const std::filesystem::path& folder) {
  const auto name = files.family();
  parts.decoder = TokenDecoder::byte_level();
  if (name.empty() || name == "gpt2" || name == "opt") {
    const bool prefix_space = files.tokenizer && files.tokenizer->get("add_prefix_space", false);
    parts.pretokenizer = Pretokenizer::byte_level(prefix_space);
  } else if (name.starts_with("qwen2") || name.starts_with("qwen3")) {
    parts.normalizer = Normalizer::form(unicode::Form::NFC);
    parts.pretokenizer = Pretokenizer::byte_level(byte_level::kQwen2Words);
  } else {
    fail(Errc::Unsupported, kWhere, folder.string(), ": vocab.json and merges.txt do not say how a ",
         json::quote(utf8::clip(name)),
         " model cuts text into words (known: gpt2, opt, qwen2, qwen3); put its ", "tokenizer.json there");
  }
}

TokenizerParts from_vocab_and_merges(const std::filesystem::path& folder, const Sidecars& files) {
  TokenizerParts parts;
  const auto vocab_path = folder / "vocab.json";
  parts.model = model_from(vocab_path, folder / "merges.txt");
  read_words(parts, files, folder);
  add_declared_tokens(parts, files);
  for (const std::string role : {"bos", "eos", "unk", "pad"}) {
    const auto id = id_for(role, files, parts);
    if (id && parts.added.find(*id) == nullptr) {
      AddedToken token;
      token.content = *parts.token_of(*id);
      token.id = *id;
      token.special = true;
      add_token(parts, std::move(token), vocab_path.string());
    }
  }
  const auto bos = id_for("bos", files, parts);
  const bool add_bos =
      files.tokenizer ? files.tokenizer->get("add_bos_token", files.is_opt()) : files.is_opt();
  if (add_bos && bos) parts.surround.prefix.push_back(*bos);
  return parts;
}

}  // namespace

TokenizerParts read_tokenizer(const std::filesystem::path& folder) {
  const Sidecars files(folder);
  const auto json_file = read_if_there(folder / "tokenizer.json", kVocabularyLimits);
  if (!json_file && !std::filesystem::exists(folder / "vocab.json")) {
    fail(Errc::NotFound, kWhere, folder.string(),
         " holds neither tokenizer.json nor vocab.json with merges.txt");
  }
  auto parts = json_file ? from_tokenizer_json(*json_file) : from_vocab_and_merges(folder, files);
  for (const auto* ids : {&parts.surround.prefix, &parts.surround.suffix}) {
    for (const TokenId id : *ids) {
      if (parts.token_of(id) == nullptr)
        fail(Errc::Corrupt, kWhere, folder.string(), ": the post_processor adds id ", id,
             ", which the vocabulary does not have");
    }
  }
  parts.bos = id_for("bos", files, parts);
  parts.eos = id_for("eos", files, parts);
  parts.pad = id_for("pad", files, parts);
  return parts;
}

}  // namespace lateral::format::detail
