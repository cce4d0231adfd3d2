#pragma once
// The "normalizer" of a tokenizer.json: what happens to the text before it is cut.

#include <string>
#include <variant>
#include <vector>

#include "core/format/json.hpp"
#include "core/format/regex.hpp"
#include "core/format/unicode.hpp"

namespace lateral::format {

class Normalizer {
 public:
  Normalizer() = default;
  /// Throws Unsupported for a type that is not known, with the list of those that are.
  explicit Normalizer(const json::Value& value) { add(value); }
  static Normalizer form(unicode::Form form);

  /// `text` is valid UTF-8, and so is the result.
  std::string apply(std::string text) const;

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
  struct Lowercase {};
  struct StripAccents {};
  struct Bert {
    bool clean_text, space_chinese, strip_accents, lowercase;
  };
  using Step =
      std::variant<Prepend, ReplaceText, ReplaceMatches, Strip, Lowercase, StripAccents, Bert, unicode::Form>;

  void add(const json::Value& value);
  static Step step_from(const json::Value& value);
  static Step replace_from(const json::Value& value);
  static std::string run(const Prepend& step, const std::string& text);
  static std::string run(const ReplaceText& step, const std::string& text);
  static std::string run(const ReplaceMatches& step, const std::string& text);
  static std::string run(const Strip& step, const std::string& text);
  static std::string run(const Lowercase& step, const std::string& text);
  static std::string run(const StripAccents& step, const std::string& text);
  static std::string run(const Bert& step, std::string text);
  static std::string run(unicode::Form form, const std::string& text);

  std::vector<Step> steps_;
};

}  // namespace lateral::format
