#pragma once
// Damage for readers of untrusted files. A reader may only do two things with damaged bytes: give a value or throw
// lateral::Error. Crashes, other exceptions and wild memory show in the asan preset.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/random.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/errors.hpp"

namespace lateral::test {

using Bytes = std::vector<std::byte>;
using Reader = std::function<void(std::span<const std::byte>)>;

inline Bytes to_bytes(std::string_view text) {
  const auto* const first = reinterpret_cast<const std::byte*>(text.data());
  return {first, first + text.size()};
}

/// The bytes of plain numbers, one after another.
template <typename T>
std::string raw(std::initializer_list<T> values) {
  return {reinterpret_cast<const char*>(values.begin()), values.size() * sizeof(T)};
}

template <typename Call>
Errc code_of(Call&& call) {
  return thrown_by(std::forward<Call>(call)).code;
}

/// Every one of `points` evenly spread prefixes must be refused.
inline void check_truncations(const Bytes& whole, const Reader& read, std::size_t points = 200) {
  const std::size_t step = std::max<std::size_t>(1, whole.size() / points);
  for (std::size_t length = 0; length < whole.size(); length += step) {
    CAPTURE(length);
    CHECK_THROWS_AS(read(std::span(whole).first(length)), Error);
  }
}

/// `rounds` copies with one to eight bytes changed, half of them near the front where the header is.
inline void check_flips(const Bytes& whole, const Reader& read, int rounds = 300) {
  Random random(2312, 7886);
  for (int round = 0; round < rounds; ++round) {
    Bytes damaged = whole;
    const auto size = static_cast<std::uint32_t>(damaged.size());
    for (int i = random.between(1, 8); i > 0; --i) {
      const std::uint32_t at = random.below(random.chance(0.5F) ? std::min<std::uint32_t>(size, 128) : size);
      damaged[at] = static_cast<std::byte>(random.below(256));
    }
    CAPTURE(round);
    try {
      read(damaged);
    } catch (const Error& error) {
      CHECK_FALSE(std::string(error.what()).empty());
    }
  }
}

}  // namespace lateral::test
