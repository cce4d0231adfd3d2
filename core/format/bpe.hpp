#pragma once
// Byte pair encoding of one word: characters become tokens, then the best-ranked neighbours merge until none
// can. Source: Sennrich et al. 2016, arXiv 1508.07909; details (unknown characters, byte fallback) as the
// `tokenizers` package has them.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/format/vocabulary.hpp"

namespace lateral::format {

struct BpeOptions {
  std::optional<std::string> unk_token;  ///< for characters without a token; without it they vanish
  bool fuse_unk = false;                 ///< neighbouring unknown characters become one token
  bool byte_fallback = false;            ///< unknown characters become their bytes, "<0xE2>"
  bool ignore_merges = false;            ///< a word that is a token stays one, whatever the merges say
};

/// Immutable; thread safety: all members may be called from any thread.
class BpeModel {
 public:
  using Merges = std::vector<std::pair<std::string_view, std::string_view>>;

  BpeModel() = default;
  /// `merges` best first; of a pair that is there twice the last counts. `source` names the file in messages.
  /// Throws Corrupt when a merge names a token that is not in the vocabulary.
  BpeModel(Vocabulary vocabulary, const Merges& merges, BpeOptions options, std::string_view source);

  /// Appends the ids of one word (valid UTF-8). O(n log n).
  void encode(std::string_view word, std::vector<TokenId>& ids) const;
  const Vocabulary& vocabulary() const noexcept { return vocabulary_; }

 private:
  struct Merge {
    std::int32_t rank;
    TokenId result;
  };
  struct Symbol {
    TokenId id;
    std::int32_t previous, next;  ///< -1 at the ends
  };
  static std::uint64_t pair_of(TokenId left, TokenId right) noexcept {
    return (static_cast<std::uint64_t>(left) << 32U) | static_cast<std::uint32_t>(right);
  }
  void index_merges(const Merges& merges, std::string_view source);
  std::optional<TokenId> character(std::string_view bytes, char32_t point) const;
  bool append_bytes(std::string_view character, std::vector<TokenId>& ids) const;
  std::vector<TokenId> characters_of(std::string_view word) const;
  void merge(const std::vector<TokenId>& characters, std::vector<TokenId>& ids) const;

  /// Characters below have a table; the byte alphabet lies there.
  static constexpr std::size_t kDirect = 0x180;

  Vocabulary vocabulary_;
  BpeOptions options_;
  std::unordered_map<std::uint64_t, Merge> merges_;
  std::array<TokenId, kDirect> direct_{};
  std::array<TokenId, 256> bytes_{};
  std::optional<TokenId> unk_;
};

}  // namespace lateral::format
