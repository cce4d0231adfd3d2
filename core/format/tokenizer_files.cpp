// From the files of a Hugging Face directory to the parts of a tokenizer.

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/format/byte_level.hpp"
#include "core/format/special_tokens.hpp"
#include "core/format/tokenizer_parts.hpp"
#include "core/format/utf8.hpp"

namespace lateral::format::detail {
namespace {

using json::Kind;
using json::Value;

constexpr std::string_view kWhere = "tokenizer";

void add_token(TokenizerParts& parts, AddedToken token, std::string_view source) {
  const auto known = parts.vocabulary().id_of(token.content);
  const auto* const holder = parts.vocabulary().token_of(token.id);
  if ((known && *known != token.id) || (holder != nullptr && *holder != token.content)) {
    fail(Errc::Corrupt, kWhere, source, ": the added token ", json::quote(utf8::clip(token.content)),
         " has id ", token.id, ", but the vocabulary says otherwise");
  }
  parts.added.add(std::move(token), source);
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
      auto token = added_token_from(item);
      token.id = static_cast<TokenId>(item.at("id").as_int(0, INT32_MAX));
      add_token(parts, std::move(token), source);
    }
  }
  if (const auto part = root.find("post_processor")) parts.surround = read_post_processor(*part);
  return parts;
}

/// The files beside the tokenizer itself.
struct Sidecars {
  std::filesystem::path folder;
  SpecialTokens special;
  std::optional<Value> model;

  explicit Sidecars(const std::filesystem::path& place) : folder(place), special(place) {
    if (std::filesystem::exists(place / "config.json")) model = json::read_file(place / "config.json");
  }

  bool flag(std::string_view key, bool fallback) const {
    return special.config() ? special.config()->get(key, fallback) : fallback;
  }
  /// The model type, e.g. "opt"; a tokenizer class of its own goes first. Empty when no file says it.
  std::string family() const {
    const auto type = special.config() ? special.config()->get("tokenizer_class", "") : "";
    if (type.starts_with("GPT2Tokenizer")) return "gpt2";
    if (type.starts_with("Qwen2Tokenizer")) return "qwen2";
    return model ? model->get("model_type", "") : "";
  }
  bool is_opt() const { return model && model->get("model_type", "") == "opt"; }
};

/// The id of a role as config.json says it.
std::optional<TokenId> model_id(const std::string& role, const Sidecars& files, const TokenizerParts& parts) {
  auto value = files.model ? files.model->find(role + "_token_id") : std::nullopt;
  // Several ends: the first counts.
  if (value && value->is(Kind::Array) && value->size() > 0) value = (*value)[0];
  if (!value) return std::nullopt;
  const auto id = static_cast<TokenId>(value->as_int(INT32_MIN, INT32_MAX));
  return parts.token_of(id) != nullptr ? std::optional(id) : std::nullopt;
}

std::optional<TokenId> id_for(const std::string& role, const Sidecars& files, const TokenizerParts& parts) {
  const auto name = files.special.name_of(role);
  if (!name) return model_id(role, files, parts);
  const auto id = parts.id_of(*name);
  if (!id) log::warn(kWhere, role, " token ", json::quote(utf8::clip(*name)), " is not in the vocabulary");
  return id;
}

/// Whether a token of a file beside the tokenizer has the id that it has there, or one that goes on from there.
bool fits(const AddedToken& token, const TokenizerParts& parts) {
  if (const auto known = parts.id_of(token.content)) return *known == token.id;
  return !token.content.empty() && parts.token_of(token.id) == nullptr && token.id <= parts.end_id();
}

/// One warning for all tokens that are left out.
void warn_of(const std::vector<AddedToken>& tokens, std::string_view what, const Sidecars& files) {
  if (tokens.empty()) return;
  log::warn(kWhere, files.folder.string(), ": ", tokens.size(), " ", what, " and are left out, the first ",
            json::quote(utf8::clip(tokens.front().content)));
}

// transformers passes over the ids here and gives the next free ones. We would rather not know a token than know it by
// another id than the model does.
void add_declared_tokens(TokenizerParts& parts, const Sidecars& files) {
  std::vector<AddedToken> misfits;
  for (AddedToken& token : files.special.declared()) {
    if (!fits(token, parts)) {
      misfits.push_back(std::move(token));
    } else if (parts.added.find(token.id) == nullptr) {
      parts.added.add(std::move(token), files.folder.string());
    } else if (files.special.declares_flags()) {
      parts.added.change(std::move(token));
    }
  }
  warn_of(misfits, "added tokens have ids that do not fit the vocabulary", files);
}

/// Makes a token of the vocabulary a special one; false when the vocabulary lacks it.
bool add_special(TokenizerParts& parts, AddedToken token, const Sidecars& files) {
  const auto id = parts.id_of(token.content);
  if (!id) return false;
  token.id = *id;
  if (parts.added.find(*id) == nullptr) parts.added.add(std::move(token), files.folder.string());
  return true;
}

// As in transformers: a token that has a role is special in any case, a further one unless it is an added token already,
// whose flags then stand.
void add_special_tokens(TokenizerParts& parts, const Sidecars& files) {
  for (const AddedToken& token : files.special.named()) {
    if (!add_special(parts, token, files)) continue;
    AddedToken own = *parts.added.find(token.content);
    own.special = true;
    parts.added.change(std::move(own));
  }
  std::vector<AddedToken> unknown;
  for (const AddedToken& token : files.special.listed()) {
    if (!add_special(parts, token, files)) unknown.push_back(token);
  }
  warn_of(unknown, "special tokens are not in the vocabulary", files);
}

// vocab.json and merges.txt do not say how text is cut into words; transformers knows it by the model.
void read_words(TokenizerParts& parts, const Sidecars& files, const std::filesystem::path& folder) {
  const auto name = files.family();
  parts.decoder = TokenDecoder::byte_level();
  if (name.empty() || name == "gpt2" || name == "opt") {
    parts.pretokenizer = Pretokenizer::byte_level(files.flag("add_prefix_space", false));
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
  return parts;
}

/// Without a tokenizer.json config.json may say which tokens are special, and flags what is put around a text.
void complete_vocab_and_merges(TokenizerParts& parts, const Sidecars& files) {
  for (const std::string role : {"bos", "eos", "unk", "pad", "sep", "cls", "mask"}) {
    if (files.special.name_of(role)) continue;
    if (const auto id = model_id(role, files, parts))
      add_special(parts, {.content = *parts.token_of(*id), .special = true}, files);
  }
  if (files.flag("add_bos_token", files.is_opt()) && parts.bos) parts.surround.prefix.push_back(*parts.bos);
  if (files.flag("add_eos_token", false) && parts.eos) parts.surround.suffix.push_back(*parts.eos);
}

}  // namespace

TokenizerParts read_tokenizer(const std::filesystem::path& folder) {
  const Sidecars files(folder);
  const auto json_path = folder / "tokenizer.json";
  const bool has_json = std::filesystem::exists(json_path);
  if (!has_json && !std::filesystem::exists(folder / "vocab.json")) {
    fail(Errc::NotFound, kWhere, folder.string(),
         " holds neither tokenizer.json nor vocab.json with merges.txt");
  }
  auto parts = has_json ? from_tokenizer_json(json::read_file(json_path, kVocabularyLimits))
                        : from_vocab_and_merges(folder, files);
  add_declared_tokens(parts, files);
  add_special_tokens(parts, files);
  parts.bos = id_for("bos", files, parts);
  parts.eos = id_for("eos", files, parts);
  parts.pad = id_for("pad", files, parts);
  if (!has_json) complete_vocab_and_merges(parts, files);
  parts.added.index(parts.normalizer, folder.string());
  for (const auto* ids : {&parts.surround.prefix, &parts.surround.suffix}) {
    for (const TokenId id : *ids) {
      if (parts.token_of(id) == nullptr)
        fail(Errc::Corrupt, kWhere, folder.string(), ": the post_processor adds id ", id,
             ", which the vocabulary does not have");
    }
  }
  return parts;
}

}  // namespace lateral::format::detail
