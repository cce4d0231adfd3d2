#pragma once
// Tokens and their ids, as a file gives them.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace lateral::format {

using TokenId = std::int32_t;

/// Immutable; movable only, since the index points into the tokens.
class Vocabulary {
 public:
  using Entries = std::vector<std::pair<std::string_view, TokenId>>;

  Vocabulary() = default;
  /// `source` names the file in messages. Throws Corrupt when tokens or ids repeat, or ids are negative or far
  /// larger than the number of tokens: memory follows the largest.
  Vocabulary(const Entries& entries, std::string_view source);
  Vocabulary(Vocabulary&&) noexcept = default;
  Vocabulary& operator=(Vocabulary&&) noexcept = default;
  Vocabulary(const Vocabulary&) = delete;
  Vocabulary& operator=(const Vocabulary&) = delete;

  std::optional<TokenId> id_of(std::string_view token) const;
  /// Throws Corrupt: `role` of `source` is not in the vocabulary.
  TokenId need(std::string_view token, std::string_view role, std::string_view source) const;
  /// Null when there is no such id.
  const std::string* token_of(TokenId id) const noexcept;
  /// One more than the largest id.
  std::int64_t size() const noexcept { return static_cast<std::int64_t>(tokens_.size()); }

 private:
  std::vector<std::optional<std::string>> tokens_;
  std::unordered_map<std::string_view, TokenId> ids_;
};

}  // namespace lateral::format
