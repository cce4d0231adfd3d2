#pragma once
// What a Tokenizer is made of, between the files and the interface.

#include <algorithm>
#include <filesystem>
#include <optional>
#include <variant>

#include "core/format/added_tokens.hpp"
#include "core/format/bpe.hpp"
#include "core/format/normalizer.hpp"
#include "core/format/post_processor.hpp"
#include "core/format/pretokenizer.hpp"
#include "core/format/token_decoder.hpp"
#include "core/format/word_piece.hpp"

namespace lateral::format::detail {

using TokenModel = std::variant<BpeModel, WordPieceModel>;

struct TokenizerParts {
  AddedTokens added;
  Normalizer normalizer;
  Pretokenizer pretokenizer;
  TokenModel model;
  TokenDecoder decoder;
  Surround surround;  ///< what encode(add_special) puts around
  std::optional<TokenId> bos, eos, pad;

  const Vocabulary& vocabulary() const noexcept {
    return std::visit([](const auto& kind) -> const Vocabulary& { return kind.vocabulary(); }, model);
  }
  std::optional<TokenId> id_of(std::string_view token) const {
    if (const auto* own = added.find(token)) return own->id;
    return vocabulary().id_of(token);
  }
  /// One more than the largest id.
  std::int64_t end_id() const noexcept { return std::max(vocabulary().size(), added.end_id()); }
  /// Null when there is no such id.
  const std::string* token_of(TokenId id) const noexcept {
    if (const auto* own = added.find(id)) return &own->content;
    return vocabulary().token_of(id);
  }
  /// What decode gives to the decoder; null when there is no such id, or it is to be left out. A special token
  /// that the normalizer changes is no longer known as one, as in the `tokenizers` package.
  const std::string* decoded(TokenId id, bool skip_special) const noexcept {
    const auto* const own = added.find(id);
    if (own == nullptr) return vocabulary().token_of(id);
    return skip_special && own->special && own->decoded == own->content ? nullptr : &own->decoded;
  }
};

TokenizerParts read_tokenizer(const std::filesystem::path& folder);

/// The "model" of a tokenizer.json. Throws Unsupported for a type that is not known.
TokenModel model_from(const json::Value& value);
/// Of vocab.json and merges.txt, as GPT-2 has them.
TokenModel model_from(const std::filesystem::path& vocab, const std::filesystem::path& merges);

/// Vocabularies are long; a million tokens with their merges take about 100 MB of text.
inline constexpr json::Limits kVocabularyLimits{256ULL << 20U, 64};

}  // namespace lateral::format::detail
