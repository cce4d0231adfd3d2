#pragma once
// Tokens that stand beside the model's own: "</s>", "<|im_start|>". They are found in the text before
// anything else happens to it and are never split.

#include <bitset>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/format/normalizer.hpp"
#include "core/format/vocabulary.hpp"

namespace lateral::format {

struct AddedToken {
  std::string content;
  TokenId id = -1;
  bool special = false;      ///< decode may leave it out
  bool lstrip = false;       ///< swallows white space on its left
  bool rstrip = false;       ///< ... on its right
  bool normalized = false;   ///< looked for after the normalizer has run, its own content normalized as well
  bool single_word = false;  ///< not where a letter, digit or mark stands beside it
  std::string decoded{};  ///< what decode makes of it: the content, normalized if it is; set by AddedTokens
};

class AddedTokens {
 public:
  /// `source` names the file in messages. Throws Corrupt when content or id is taken already by another, or is empty
  /// or absurdly long.
  void add(AddedToken token, std::string_view source);
  /// Gives a token that is there (by its id) other flags.
  void change(AddedToken token);
  /// Once, when no token is added or changed any more; before it none is found in a text. Throws Corrupt when a token
  /// becomes absurdly long when it is normalized.
  void index(const Normalizer& normalizer, std::string_view source);

  struct Segment {
    std::string text;  ///< normalized; empty for a token
    std::optional<TokenId> token;
    bool at_start;  ///< the text begins where the input begins
  };
  /// Cuts `text` (valid UTF-8) at added tokens, the leftmost first, of several the longest, and
  /// normalizes the rest.
  std::vector<Segment> split(std::string_view text, const Normalizer& normalizer) const;

  const AddedToken* find(TokenId id) const noexcept;
  const AddedToken* find(std::string_view content) const noexcept;
  /// One more than the largest id; 0 without tokens.
  std::int64_t end_id() const noexcept { return by_id_.empty() ? 0 : by_id_.rbegin()->first + 1; }

 private:
  /// A trie over bytes; node 0 is the root.
  struct Finder {
    struct Found {
      std::size_t begin, end;
      TokenId token;
    };
    std::unordered_map<std::uint64_t, std::uint32_t> edges;
    std::vector<TokenId> ends{-1};
    std::bitset<256> first;  ///< bytes that a token begins with

    void insert(std::string_view content, TokenId token);
    std::vector<Found> find_all(std::string_view text) const;
  };

  bool stands_right(const Finder::Found& found, std::string_view text) const;
  std::vector<Finder::Found> widened(const Finder& finder, std::string_view text) const;
  void split_normalized(std::string text, bool at_start, std::vector<Segment>& out) const;

  std::vector<TokenId> order_;  ///< as they were added
  std::map<TokenId, AddedToken> by_id_;
  std::map<std::string, TokenId, std::less<>> by_content_;
  Finder raw_, normalized_;
};

}  // namespace lateral::format
