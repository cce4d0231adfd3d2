#pragma once
// UTF-8, decoded strictly (RFC 3629: no surrogates, no overlong forms, nothing above U+10FFFF).

#include <cstdint>
#include <string>
#include <string_view>

namespace lateral::format::utf8 {

inline constexpr char32_t kReplacement = 0xFFFD;

struct Decoded {
  char32_t point;       ///< U+FFFD when the bytes are malformed
  std::uint8_t length;  ///< bytes consumed, at least 1
  bool valid;
  bool cut_short;  ///< not valid, but more bytes could make it so
};

/// The first character of `text`, which is not empty. Of malformed bytes the longest prefix that could begin
/// a character counts as one ("maximal subpart", as Python and web browsers do).
Decoded decode(std::string_view text) noexcept;

void append(std::string& out, char32_t point);
std::string encode(char32_t point);

bool is_valid(std::string_view text) noexcept;
/// `text` with each malformed part replaced by U+FFFD.
std::string sanitize(std::string_view text);
/// At most `max_bytes` of the sanitized text, with "..." where it was cut: for messages.
std::string clip(std::string_view text, std::size_t max_bytes = 60);

/// Unicode's White_Space property.
bool is_space(char32_t point) noexcept;

}  // namespace lateral::format::utf8
