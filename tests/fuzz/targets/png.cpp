// A PNG as it is, and once more with checksums that are right: otherwise nothing behind the first change is ever read.

#include <array>
#include <vector>

#include "core/base/error.hpp"
#include "tests/fuzz/picture.hpp"

namespace {

using Bytes = std::vector<std::byte>;

/// CRC-32 of ISO 3309, as PNG has it.
std::uint32_t crc_of(std::span<const std::byte> bytes) {
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const auto byte : bytes) {
    crc ^= std::to_integer<std::uint32_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
  }
  return ~crc;
}

std::uint32_t big_endian(std::span<const std::byte> four) {
  std::uint32_t value = 0;
  for (const auto byte : four.first(4)) value = value << 8U | std::to_integer<std::uint32_t>(byte);
  return value;
}

/// length, type, data, CRC over type and data; from byte 8 on.
Bytes with_checksums(lateral::fuzz::Input input) {
  Bytes bytes(input.begin(), input.end());
  for (std::size_t at = 8; at + 12 <= bytes.size();) {
    const std::size_t length = big_endian(std::span(bytes).subspan(at));
    if (length > bytes.size() - at - 12) break;
    const auto crc = crc_of(std::span(bytes).subspan(at + 4, length + 4));
    for (std::size_t i = 0; i < 4; ++i)
      bytes[at + 8 + length + i] = static_cast<std::byte>(crc >> (24 - 8 * i) & 0xFFU);
    at += 12 + length;
  }
  return bytes;
}

}  // namespace

void lateral::fuzz::run(Input input) {
  try {
    use_picture(input);
  } catch (const Error& error) {
    require_readable(error.what());
  }
  use_picture(with_checksums(input));
}
