#include <array>
#include <charconv>
#include <cmath>

#include "core/base/error.hpp"
#include "core/format/json.hpp"
#include "core/format/utf8.hpp"

namespace lateral::format::json {
namespace {

void append_escaped(std::string& out, unsigned char byte) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  switch (byte) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  out += "\\u00";
  out += kDigits[byte >> 4U];
  out += kDigits[byte & 15U];
}

template <typename Number>
std::string shortest(Number number) {
  std::array<char, 40> buffer;  // the longest double takes 24
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr;
  return {buffer.data(), end};
}

template <typename Number>
std::string finite(Number number) {
  if (!std::isfinite(number)) fail(Errc::InvalidArgument, "json", "JSON cannot hold ", number);
  if (number == 0 && std::signbit(number))
    return "-0.0";  // "-0" would be read as an integer, which has no such thing
  return shortest(number);
}

}  // namespace

std::string quote(std::string_view text) {
  std::string out = "\"";
  for (const char c : utf8::sanitize(text)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == '"' || byte == '\\' || byte == 0x7F) {
      append_escaped(out, byte);
    } else {
      out += c;
    }
  }
  return out += '"';
}

void Writer::break_line() {
  if (indent_ > 0) out_.append("\n").append(open_.size() * static_cast<std::size_t>(indent_), ' ');
}

void Writer::before_value() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (open_.empty() ? !out_.empty() : open_.back() == '{') {
    fail(Errc::Internal, "json", open_.empty() ? "a second value at the top" : "a value without a key");
  }
  if (!open_.empty()) {
    if (!first_) out_ += ',';
    break_line();
  }
}

Writer& Writer::open(char bracket) {
  before_value();
  out_ += bracket;
  open_ += bracket;
  first_ = true;
  return *this;
}

Writer& Writer::close(char bracket) {
  const char opening = bracket == '}' ? '{' : '[';
  if (open_.empty() || open_.back() != opening || after_key_)
    fail(Errc::Internal, "json", "a stray ", bracket);
  open_.pop_back();
  if (!first_) break_line();
  out_ += bracket;
  first_ = false;
  return *this;
}

Writer& Writer::key(std::string_view name) {
  if (open_.empty() || open_.back() != '{' || after_key_)
    fail(Errc::Internal, "json", "a key outside an object");
  if (!first_) out_ += ',';
  break_line();
  out_ += quote(name);
  out_ += indent_ > 0 ? ": " : ":";
  first_ = false;
  after_key_ = true;
  return *this;
}

Writer& Writer::raw(std::string_view text) {
  before_value();
  out_ += text;
  first_ = false;
  return *this;
}

Writer& Writer::null() {
  return raw("null");
}
Writer& Writer::value(bool flag) {
  return raw(flag ? "true" : "false");
}
Writer& Writer::value(std::int64_t number) {
  return raw(shortest(number));
}
Writer& Writer::value(std::uint64_t number) {
  return raw(shortest(number));
}
Writer& Writer::value(double number) {
  return raw(finite(number));
}
Writer& Writer::value(float number) {
  return raw(finite(number));
}
Writer& Writer::value(std::string_view text) {
  return raw(quote(text));
}

std::string Writer::text() && {
  if (!open_.empty() || out_.empty()) fail(Errc::Internal, "json", "the text is not finished");
  return std::move(out_);
}

}  // namespace lateral::format::json
