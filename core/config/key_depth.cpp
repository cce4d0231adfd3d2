#include "core/config/key_depth.hpp"

#include <algorithm>

#include "core/base/error.hpp"

namespace lateral::config {
namespace {

/// Behind the string that begins at `at`. Strings of one line end with the line at the latest.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  const char quote = text[at];
  const bool escapes = quote == '"';
  const bool long_form = text.size() - at >= 3 && text[at + 1] == quote && text[at + 2] == quote;
  const std::string_view closing = text.substr(at, long_form ? 3 : 1);
  for (at += closing.size(); at < text.size(); ++at) {
    if (text[at] == '\\' && escapes) {
      ++at;
    } else if (text[at] == '\n' && !long_form) {
      return at;
    } else if (text.substr(at).starts_with(closing)) {
      at += closing.size();
      // """a""""" ends with two quotes of its content.
      for (int i = 0; long_form && i < 2 && at < text.size() && text[at] == quote; ++i) ++at;
      return at;
    }
  }
  return text.size();
}

}  // namespace

void check_key_depth(std::string_view text, const std::string& source) {
  constexpr std::string_view kBetweenKeys = "=,[]{}\n";
  int parts = 1;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '#') {
      at = std::min(text.find('\n', at), text.size());
    } else if (c == '"' || c == '\'') {
      at = end_of_string(text, at);
    } else {
      if (c == '.' && ++parts > kMaxKeyParts) {
        const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
        fail(Errc::InvalidArgument, "config", source, ":", line, ": a key of more than ", kMaxKeyParts,
             " parts");
      }
      if (kBetweenKeys.find(c) != kBetweenKeys.npos) parts = 1;
      ++at;
    }
  }
}

}  // namespace lateral::config
