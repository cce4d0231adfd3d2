#pragma once
// A 64-bit FNV-1a hash for naming things by their content (models, adapters, data). Not against an adversary.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace lateral {

class Hash64 {
 public:
  Hash64& add(std::span<const std::byte> bytes) {
    for (const std::byte byte : bytes)
      value_ = (value_ ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001B3ULL;
    return *this;
  }
  /// With its length, so that ("ab", "c") and ("a", "bc") differ.
  Hash64& add(std::string_view text) {
    add(static_cast<std::uint64_t>(text.size()));
    return add(std::as_bytes(std::span(text.data(), text.size())));
  }
  Hash64& add(std::uint64_t number) { return add(std::as_bytes(std::span(&number, 1))); }
  Hash64& add(std::int64_t number) { return add(static_cast<std::uint64_t>(number)); }
  Hash64& add(double number) { return add(std::as_bytes(std::span(&number, 1))); }

  std::uint64_t value() const { return value_; }

  /// 16 hexadecimal digits.
  std::string text() const {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out(16, '0');
    for (std::size_t i = 0; i < 16; ++i) out[i] = kDigits[value_ >> (60U - 4U * i) & 15U];
    return out;
  }

 private:
  std::uint64_t value_ = 0xCBF29CE484222325ULL;
};

}  // namespace lateral
