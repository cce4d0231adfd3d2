#pragma once
// WordPiece: the longest token that begins a word, then the longest that goes on from there. Source: Schuster and
// Nakajima 2012; details as the `tokenizers` package has them.

#include "core/format/vocabulary.hpp"

namespace lateral::format {

struct WordPieceOptions {
  std::string unk_token = "[UNK]";   ///< for a word that cannot be put together
  std::string prefix = "##";         ///< of tokens that continue a word
  std::size_t max_characters = 100;  ///< longer words are unknown
};

/// Immutable; thread safety: all members may be called from any thread.
class WordPieceModel {
 public:
  /// `source` names the file in messages. Throws Corrupt when unk_token is not in the vocabulary.
  WordPieceModel(Vocabulary vocabulary, WordPieceOptions options, std::string_view source);

  /// Appends the ids of one word (valid UTF-8).
  void encode(std::string_view word, std::vector<TokenId>& ids) const;
  const Vocabulary& vocabulary() const noexcept { return vocabulary_; }

 private:
  std::optional<TokenId> longest(std::string_view word, bool first, std::size_t& length) const;

  Vocabulary vocabulary_;
  WordPieceOptions options_;
  TokenId unk_;
};

}  // namespace lateral::format
