#pragma once
// The patterns of tokenizer.json. They are written for Oniguruma (Ruby's syntax), which the `tokenizers`
// package uses; here PCRE2 runs them. Where the two disagree on a construct it is rewritten, or refused by
// name: a pattern that means something else would only show as a slightly worse model.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lateral::format {

/// Immutable; thread safety: find_all() may be called from any thread.
class Regex {
 public:
  struct Match {
    std::size_t begin, end;  ///< bytes; begin == end for an empty match
  };

  /// Throws Unsupported for a construct that is not known to mean the same, Corrupt for a malformed pattern.
  explicit Regex(std::string_view pattern);

  /// All matches from left to right, not overlapping; none is empty right behind another, as Oniguruma's
  /// binding has it. `text` is valid UTF-8. Throws ResourceExhausted when a pattern backtracks, or looks ahead
  /// over and over, beyond a budget in proportion to the text.
  std::vector<Match> find_all(std::string_view text) const;
  /// Whether the pattern matches all of `text`.
  bool matches(std::string_view text) const;

 private:
  std::shared_ptr<const void> code_;
};

/// The pattern as PCRE2 needs it; for tests.
std::string pcre_from_oniguruma(std::string_view pattern);

}  // namespace lateral::format
