#include "core/format/byte_level.hpp"

#include <array>

#include "core/format/utf8.hpp"

namespace lateral::format::byte_level {
namespace {

constexpr char32_t kEnd = 0x144;

struct Tables {
  std::array<char32_t, 256> forward{};
  std::array<std::int16_t, kEnd> back{};
};

constexpr bool printable(unsigned byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || (byte >= 0xAE && byte <= 0xFF);
}

constexpr Tables make_tables() {
  Tables tables;
  tables.back.fill(-1);
  char32_t next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char32_t point = printable(byte) ? byte : next++;
    tables.forward[byte] = point;
    tables.back[point] = static_cast<std::int16_t>(byte);
  }
  return tables;
}

constexpr Tables kTables = make_tables();

}  // namespace

char32_t char_of(std::uint8_t byte) noexcept {
  return kTables.forward[byte];
}

std::optional<std::uint8_t> byte_of(char32_t point) noexcept {
  if (point >= kEnd || kTables.back[point] < 0) return std::nullopt;
  return static_cast<std::uint8_t>(kTables.back[point]);
}

std::string to_chars(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char byte : bytes) utf8::append(out, char_of(static_cast<std::uint8_t>(byte)));
  return out;
}

std::optional<std::string> to_bytes(std::string_view token) {
  std::string out;
  while (!token.empty()) {
    const auto next = utf8::decode(token);
    const auto byte = byte_of(next.point);
    if (!byte) return std::nullopt;
    out += static_cast<char>(*byte);
    token.remove_prefix(next.length);
  }
  return out;
}

}  // namespace lateral::format::byte_level
