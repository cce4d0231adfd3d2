#pragma once
// Telling one training run from another: everything that decides its result, hashed.

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

namespace lateral::training {

/// FNV-1a over the values added, each with its length, so that "ab","c" is not "a","bc". Not against malice.
class Fingerprint {
 public:
  Fingerprint& add(std::string_view text) {
    add(static_cast<std::uint64_t>(text.size()));
    for (const char c : text) byte(static_cast<unsigned char>(c));
    return *this;
  }
  Fingerprint& add(std::uint64_t value) {
    for (int i = 0; i < 8; ++i) byte(static_cast<unsigned char>(value >> (8 * i)));
    return *this;
  }
  Fingerprint& add(std::int64_t value) { return add(static_cast<std::uint64_t>(value)); }
  Fingerprint& add(double value) { return add(std::bit_cast<std::uint64_t>(value)); }

  /// Sixteen hexadecimal digits.
  std::string text() const {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (int shift = 60; shift >= 0; shift -= 4) text += digits[(hash_ >> shift) & 15U];
    return text;
  }

 private:
  void byte(unsigned char value) { hash_ = (hash_ ^ value) * 0x100000001b3ULL; }
  std::uint64_t hash_ = 0xcbf29ce484222325ULL;
};

}  // namespace lateral::training
