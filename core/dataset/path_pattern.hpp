#pragma once
// What the path of a file says about it: "{answer}/{group}_nohash_*.wav".

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lateral::dataset {

/// Text, `*` (anything within one folder's name or file's name, also nothing) and `{name}` (the same, at
/// least one character, and kept). Each takes as little as it can.
class PathPattern {
 public:
  /// Throws InvalidArgument: brackets that do not pair, a name that is not among `names` or there twice, a
  /// name or `*` right behind another, a pattern of no text or more than 64 parts.
  PathPattern(std::string_view text, const std::vector<std::string>& names);

  /// The names and what they stand for; nothing when the whole path does not match, or has more than 1024
  /// bytes. Takes time in proportion to the path's length squared, times the pattern's.
  std::optional<std::map<std::string, std::string>> match(std::string_view path) const;

  bool has(std::string_view name) const;
  const std::string& text() const { return text_; }

 private:
  struct Part {
    enum class Kind { Text, Any, Name } kind;
    std::string text;  // what must be there, or the name
  };
  void add_text(char c);

  std::string text_;
  std::vector<Part> parts_;
};

}  // namespace lateral::dataset
