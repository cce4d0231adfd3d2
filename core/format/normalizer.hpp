#pragma once
// The "normalizer" of a tokenizer.json: what happens to the text before it is cut.

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/format/json.hpp"
#include "core/format/regex.hpp"

namespace lateral::format {

class Normalizer {
 public:
  Normalizer() = default;
  /// Reads Prepend, Replace, Strip and Sequence. Throws Unsupported naming any other.
  explicit Normalizer(const json::Value& value) { add(value); }

  /// `text` is valid UTF-8, and so is the result.
  std::string apply(std::string text) const;
  bool empty() const noexcept { return steps_.empty(); }

 private:
  struct Prepend {
    std::string prefix;
  };
  struct ReplaceText {
    std::string from, to;
  };
  struct ReplaceMatches {
    Regex from;
    std::string to;
  };
  struct Strip {
    bool left, right;
  };
  using Step = std::variant<Prepend, ReplaceText, ReplaceMatches, Strip>;

  void add(const json::Value& value);
  static std::string run(const Prepend& step, std::string text);
  static std::string run(const ReplaceText& step, std::string text);
  static std::string run(const ReplaceMatches& step, std::string text);
  static std::string run(const Strip& step, std::string text);

  std::vector<Step> steps_;
};

/// `text` with every `from` (not empty) replaced, left to right.
std::string replace_all(std::string_view text, std::string_view from, std::string_view to);

/// Parts of one kind that a file may chain; real ones have two or three.
inline constexpr std::size_t kMaxSteps = 32;
/// Throws ResourceExhausted when steps made much more text than there was: chained replacements can grow
/// without bound.
void check_growth(std::size_t before, std::size_t after);
/// A text to look for: not empty. Throws Corrupt.
std::string pattern_text(const json::Value& value);
/// What replaces a match: bounded, because a text may match everywhere.
std::string replacement_text(const json::Value& value);
/// The "replacement" of Metaspace: one character that is no space. Throws Corrupt.
std::string metaspace_of(const json::Value& value);

/// Throws Unsupported: "... the normalizer "X" is not supported".
[[noreturn]] void refuse_part(std::string_view part, const json::Value& value);

}  // namespace lateral::format
