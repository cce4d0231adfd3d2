#include "core/format/utf8.hpp"

namespace lateral::format::utf8 {
namespace {

struct Lead {
  std::uint8_t length;     // 0: cannot begin a character
  std::uint8_t low, high;  // the range of the second byte, which excludes overlong forms and surrogates
  std::uint8_t bits;
};

Lead lead_of(std::uint8_t byte) {
  const auto bits = [byte](unsigned mask) { return static_cast<std::uint8_t>(byte & mask); };
  if (byte < 0x80) return {1, 0, 0, byte};
  if (byte < 0xC2) return {0, 0, 0, 0};
  if (byte < 0xE0) return {2, 0x80, 0xBF, bits(0x1F)};
  if (byte == 0xE0) return {3, 0xA0, 0xBF, bits(0x0F)};
  if (byte == 0xED) return {3, 0x80, 0x9F, bits(0x0F)};
  if (byte < 0xF0) return {3, 0x80, 0xBF, bits(0x0F)};
  if (byte == 0xF0) return {4, 0x90, 0xBF, bits(0x07)};
  if (byte < 0xF4) return {4, 0x80, 0xBF, bits(0x07)};
  if (byte == 0xF4) return {4, 0x80, 0x8F, bits(0x07)};
  return {0, 0, 0, 0};
}

}  // namespace

Decoded decode(std::string_view text) noexcept {
  const Lead lead = lead_of(static_cast<std::uint8_t>(text[0]));
  if (lead.length == 0) return {kReplacement, 1, false, false};
  char32_t point = lead.bits;
  for (std::uint8_t i = 1; i < lead.length; ++i) {
    if (i == text.size()) return {kReplacement, i, false, true};
    const auto byte = static_cast<std::uint8_t>(text[i]);
    const std::uint8_t low = i == 1 ? lead.low : 0x80;
    const std::uint8_t high = i == 1 ? lead.high : 0xBF;
    if (byte < low || byte > high) return {kReplacement, i, false, false};
    point = (point << 6U) | (byte & 0x3FU);
  }
  return {point, lead.length, true, false};
}

void append(std::string& out, char32_t point) {
  const auto tail = [&](unsigned shift) { out += static_cast<char>(0x80U | ((point >> shift) & 0x3FU)); };
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xC0U | (point >> 6U));
    tail(0);
  } else if (point < 0x10000) {
    out += static_cast<char>(0xE0U | (point >> 12U));
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0U | (point >> 18U));
    tail(12);
    tail(6);
    tail(0);
  }
}

std::string encode(char32_t point) {
  std::string out;
  append(out, point);
  return out;
}

bool is_valid(std::string_view text) noexcept {
  while (!text.empty()) {
    const Decoded next = decode(text);
    if (!next.valid) return false;
    text.remove_prefix(next.length);
  }
  return true;
}

std::string sanitize(std::string_view text) {
  if (is_valid(text)) return std::string(text);
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Decoded next = decode(text);
    append(out, next.point);
    text.remove_prefix(next.length);
  }
  return out;
}

std::string clip(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return sanitize(text);
  std::size_t end = max_bytes;
  while (end > 0 && (static_cast<std::uint8_t>(text[end]) & 0xC0U) == 0x80U) --end;
  return sanitize(text.substr(0, end)) + "...";
}

bool is_space(char32_t point) noexcept {
  return (point >= 0x09 && point <= 0x0D) || point == 0x20 || point == 0x85 || point == 0xA0 ||
         point == 0x1680 || (point >= 0x2000 && point <= 0x200A) || point == 0x2028 || point == 0x2029 ||
         point == 0x202F || point == 0x205F || point == 0x3000;
}

}  // namespace lateral::format::utf8
