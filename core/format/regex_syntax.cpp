#include <array>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/format/json.hpp"
#include "core/format/regex.hpp"
#include "core/format/utf8.hpp"

namespace lateral::format {
namespace {

class Translator {
 public:
  explicit Translator(std::string_view pattern) : in_(pattern) {}

  std::string run() && {
    while (at_ < in_.size()) step();
    if (depth_ != 0) fail(Errc::Corrupt, "regex", shown(), ": a character class is not closed");
    return std::move(out_);
  }

 private:
  std::string shown() const { return json::quote(utf8::clip(in_)); }

  [[noreturn]] void refuse(std::string_view what) const {
    fail(Errc::Unsupported, "regex", shown(), ": ", what, " at byte ", at_, " is not supported");
  }

  char peek(std::size_t ahead = 1) const { return at_ + ahead < in_.size() ? in_[at_ + ahead] : '\0'; }
  void copy(std::size_t count = 1) {
    out_ += in_.substr(at_, count);
    at_ += count;
  }

  void step() {
    const char c = in_[at_];
    if (c == '\\') return escape();
    if (depth_ > 0) return inside_class(c);
    if (c == '[') return open_class();
    if (c == '(' && peek() == '?') return group();
    if (c == '{' && peek() == ',') refuse("{,n}");
    // Ruby reads x{2}+ as (x{2})+, PCRE2 as a possessive x{2}.
    if (c == '}' && peek() == '+') refuse("+ behind {}");
    copy();
  }

  void escape() {
    const char c = peek();
    switch (c) {
      // PCRE2's \s also has U+180E.
      case 's':
        return replace("\\p{White_Space}");
      case 'S':
        return replace("\\P{White_Space}");
      case 'd':
        return replace("\\p{Nd}");
      case 'D':
        return replace("\\P{Nd}");
      case 'p':
      case 'P':
        return property();
      case 'r':
      case 'n':
      case 't':
        return copy(2);
      default:
        break;
    }
    const bool punctuation = static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7F &&
                             !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z');
    if (!punctuation) refuse("\\" + lateral::shown(in_.substr(at_ + 1, 1)));
    copy(2);
  }

  void replace(std::string_view text) {
    out_ += text;
    at_ += 2;
  }

  // General categories and a few binary properties. Not scripts: PCRE2 reads their names as Script_Extensions,
  // Oniguruma as Script.
  void property() {
    const auto end = in_.find('}', at_);
    const auto name =
        peek(2) == '{' && end != in_.npos ? in_.substr(at_ + 3, end - at_ - 3) : std::string_view();
    const bool binary = name == "Alphabetic" || name == "Join_Control" || name == "White_Space";
    if (name.empty() || (name.size() > 2 && !binary)) refuse("a property that is no general category");
    copy(end + 1 - at_);
  }

  void open_class() {
    depth_ = 1;
    copy(peek() == '^' ? 2 : 1);
    item_ = at_;
  }

  // In Ruby a class inside a class adds to it (BLOOM's pattern has one); PCRE2 would take its
  // bracket literally.
  void inside_class(char c) {
    if (c == '[') {
      if (peek() == '^' || peek() == ':' || ++depth_ > 2) refuse("such a nested class");
      item_ = ++at_;
    } else if (c == ']') {
      if (--depth_ == 0) return copy();
      ++at_;
    } else if (c == '&' && peek() == '&') {
      refuse("&&");
    } else if (c == '-' && (at_ == item_ || peek() == ']')) {
      out_ += "\\-";  // literal here, and still so when the bracket beside it goes
      ++at_;
    } else {
      copy();
    }
  }

  void group() {
    constexpr std::array<std::string_view, 7> kKnown{"(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?i:"};
    for (const auto opening : kKnown) {
      if (in_.substr(at_).starts_with(opening)) return copy(opening.size());
    }
    refuse("this kind of group");
  }

  std::string_view in_;
  std::size_t at_ = 0;
  int depth_ = 0;         // of character classes
  std::size_t item_ = 0;  // where the first item of the innermost stands
  std::string out_;
};

}  // namespace

std::string pcre_from_oniguruma(std::string_view pattern) {
  return Translator(pattern).run();
}

}  // namespace lateral::format
