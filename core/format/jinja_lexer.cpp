#include <algorithm>
#include <array>
#include <charconv>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/format/jinja_syntax.hpp"
#include "core/format/utf8.hpp"

namespace lateral::format::jinja {
namespace {

constexpr std::string_view kWhere = "chat template";

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

std::string with_plain_newlines(std::string_view source) {
  std::string out;
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      out += source[i];
    } else if (i + 1 == source.size() || source[i + 1] != '\n') {
      out += '\n';
    }
  }
  if (out.ends_with('\n')) out.pop_back();  // Jinja drops one line break at the end of a template
  return out;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : in_(source) {}

  std::vector<Token> run() && {
    while (at_ < in_.size()) {
      const auto open = find_open();
      const char kind = open == in_.npos ? '\0' : in_[open + 1];
      text_until(open, kind);
      if (kind == '#') comment();
      if (kind == '{' || kind == '%') tag(kind == '{');
    }
    push(Token::Kind::End, "");
    return std::move(tokens_);
  }

 private:
  [[noreturn]] void reject(std::string_view what) const {
    fail(Errc::Corrupt, kWhere, "line ", line_, ": ", what);
  }

  void push(Token::Kind kind, std::string text) { tokens_.push_back({kind, std::move(text), line_}); }

  void advance(std::size_t count) {
    line_ += static_cast<int>(std::count(in_.begin() + at_, in_.begin() + at_ + count, '\n'));
    at_ += count;
  }

  std::size_t find_open() const {
    for (auto open = in_.find('{', at_); open != in_.npos; open = in_.find('{', open + 1)) {
      const char next = open + 1 < in_.size() ? in_[open + 1] : '\0';
      if (next == '{' || next == '%' || next == '#') return open;
    }
    return in_.npos;
  }

  // lstrip_blocks: white space between a line's begin and a tag is no output.
  void text_until(std::size_t open, char kind) {
    auto text = in_.substr(at_, open == in_.npos ? in_.npos : open - at_);
    const std::size_t length = text.size();
    const char sign = open != in_.npos && open + 2 < in_.size() ? in_[open + 2] : '\0';
    if (open != in_.npos && sign == '-') {
      while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    } else if (open != in_.npos && sign != '+' && kind != '{') {
      const auto line = text.rfind('\n') + 1;  // 0 without one
      const bool blank = std::all_of(text.begin() + line, text.end(), is_space);
      if (blank && (line > 0 || line_begins_)) text = text.substr(0, line);
    }
    if (!text.empty()) push(Token::Kind::Text, std::string(text));
    advance(length);
  }

  // Behind a tag: trim_blocks drops one line break, a minus all white space.
  void close(std::size_t length, bool minus, bool trim) {
    advance(length);
    const std::size_t from = at_;
    while (minus && at_ < in_.size() && is_space(in_[at_])) advance(1);
    if (!minus && trim && at_ < in_.size() && in_[at_] == '\n') advance(1);
    line_begins_ = at_ > from && in_[at_ - 1] == '\n';
  }

  void comment() {
    const auto end = in_.find("#}", at_ + 2);
    if (end == in_.npos) reject("a comment is not closed");
    const char sign = in_[end - 1];
    close(end + 2 - at_, sign == '-', sign != '+');
  }

  void tag(bool print) {
    push(print ? Token::Kind::Print : Token::Kind::Block, "");
    advance(2);
    if (at_ < in_.size() && (in_[at_] == '-' || in_[at_] == '+')) advance(1);
    const std::string_view end = print ? "}}" : "%}";
    int depth = 0;
    while (true) {
      while (at_ < in_.size() && is_space(in_[at_])) advance(1);
      const auto rest = in_.substr(at_);
      if (rest.empty()) reject("a tag is not closed");
      const bool sign = rest[0] == '-' || (rest[0] == '+' && !print);
      if (depth == 0 && rest.substr(sign ? 1 : 0).starts_with(end)) {
        push(print ? Token::Kind::EndPrint : Token::Kind::EndBlock, "");
        return close(sign ? 3 : 2, sign && rest[0] == '-', !print && !sign);
      }
      if (rest[0] == '(' || rest[0] == '[' || rest[0] == '{') ++depth;
      if (rest[0] == ')' || rest[0] == ']' || rest[0] == '}') --depth;
      token(rest);
    }
  }

  void token(std::string_view rest) {
    const char c = rest[0];
    if (c == '\'' || c == '"') return string(rest);
    if (is_letter(c) || is_digit(c)) {
      std::size_t length = 1;
      const auto more = [&](char next) {
        return is_digit(next) || (is_letter(c) ? is_letter(next) : next == '.');
      };
      while (length < rest.size() && more(rest[length])) ++length;
      push(is_letter(c) ? Token::Kind::Name : Token::Kind::Number, std::string(rest.substr(0, length)));
      return advance(length);
    }
    constexpr std::array<std::string_view, 6> kLong{"//", "**", "==", "!=", "<=", ">="};
    constexpr std::string_view kShort = "+-*/%~<>=.:|,()[]{}";
    const bool two = std::find(kLong.begin(), kLong.end(), rest.substr(0, 2)) != kLong.end();
    if (!two && kShort.find(c) == kShort.npos) reject("unexpected " + shown(rest.substr(0, 1)));
    push(Token::Kind::Operator, std::string(rest.substr(0, two ? 2 : 1)));
    advance(two ? 2 : 1);
  }

  void string(std::string_view rest) {
    std::string text;
    std::size_t i = 1;
    for (; i < rest.size() && rest[i] != rest[0]; ++i) {
      if (rest[i] == '\\' && i + 1 < rest.size()) {
        i += escape(rest.substr(i + 1), text);
      } else {
        text += rest[i];
      }
    }
    if (i >= rest.size()) reject("a string is not closed");
    push(Token::Kind::String, std::move(text));
    advance(i + 1);
  }

  // How many characters behind the backslash belong to it.
  std::size_t escape(std::string_view rest, std::string& text) const {
    constexpr std::string_view kPlain = "\\'\"", kNames = "ntrabfv", kMeant = "\n\t\r\a\b\f\v";
    const char c = rest[0];
    if (kPlain.find(c) != kPlain.npos) return text += c, 1;
    if (const auto name = kNames.find(c); name != kNames.npos) return text += kMeant[name], 1;
    const std::size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (digits == 0)
      fail(Errc::Unsupported, kWhere, "line ", line_, ": the escape \\", shown(rest.substr(0, 1)));
    std::uint32_t point = 0;
    const auto number = rest.substr(1, digits);
    const auto end = std::from_chars(number.data(), number.data() + number.size(), point, 16).ptr;
    const bool whole = number.size() == digits && end == number.data() + digits;
    if (!whole || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) reject("a malformed escape");
    utf8::append(text, point);
    return digits + 1;
  }

  std::string_view in_;
  std::size_t at_ = 0;
  int line_ = 1;
  bool line_begins_ = true;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokens_of(std::string_view source) {
  const auto text = with_plain_newlines(source);
  return Lexer(text).run();
}

}  // namespace lateral::format::jinja
