#include "tests/fuzz/mutate.hpp"

#include <algorithm>
#include <array>

#include "core/base/random.hpp"

namespace lateral::fuzz {
namespace {

/// A place in `bytes`, half the time near the front, where headers are.
std::size_t place_in(const Bytes& bytes, Random& random) {
  const auto size = static_cast<std::uint32_t>(bytes.size());
  return random.below(random.chance(0.5F) ? std::min<std::uint32_t>(size, 64) : size);
}

void flip_bit(Bytes& bytes, Random& random) {
  bytes[place_in(bytes, random)] ^= static_cast<std::byte>(1U << random.below(8));
}

void set_byte(Bytes& bytes, Random& random) {
  static constexpr std::array<unsigned char, 10> kTelling{0x00, 0x01, 0x7F, 0x80, 0xFF,
                                                          '"',  '0',  '9',  '\n', '}'};
  const bool telling = random.chance(0.5F);
  bytes[place_in(bytes, random)] =
      static_cast<std::byte>(telling ? kTelling[random.below(kTelling.size())] : random.below(256));
}

/// Sizes and offsets at the edges of their type.
void set_number(Bytes& bytes, Random& random) {
  static constexpr std::array<std::uint64_t, 6> kEdges{0, 1, 0x7FFFFFFF, 0xFFFFFFFF, INT64_MAX, UINT64_MAX};
  const std::size_t at = place_in(bytes, random);
  const std::size_t width = std::min<std::size_t>(std::size_t{1} << random.below(4), bytes.size() - at);
  std::uint64_t value = kEdges[random.below(kEdges.size())];
  for (std::size_t i = 0; i < width; ++i, value >>= 8U) bytes[at + i] = static_cast<std::byte>(value & 0xFFU);
}

void cut(Bytes& bytes, Random& random) {
  const auto at = bytes.begin() + static_cast<std::ptrdiff_t>(place_in(bytes, random));
  const bool end = random.chance(0.3F);
  const auto longest = static_cast<std::uint32_t>(std::min<std::ptrdiff_t>(bytes.end() - at, 64));
  bytes.erase(at, end ? bytes.end() : at + random.below(longest + 1));
}

/// A piece of another input, or of the same: repeated parts and two files in one.
void splice(Bytes& bytes, const Bytes& other, Random& random) {
  if (other.empty()) return;
  const std::size_t from = place_in(other, random);
  const auto count =
      random.below(static_cast<std::uint32_t>(std::min<std::size_t>(other.size() - from, 256)) + 1);
  const auto first = other.begin() + static_cast<std::ptrdiff_t>(from);
  const Bytes piece(first, first + count);
  bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(place_in(bytes, random)), piece.begin(),
               piece.end());
}

}  // namespace

Bytes mutated(std::span<const Bytes> inputs, std::uint64_t round, std::size_t max_size) {
  Random random(0x6C61, round);
  const auto pick = [&]() -> const Bytes& {
    return inputs[random.below(static_cast<std::uint32_t>(inputs.size()))];
  };
  Bytes bytes = pick();
  for (int i = random.between(1, 8); i > 0; --i) {
    if (bytes.empty()) bytes.push_back(std::byte{0});
    switch (random.below(5)) {
      case 0:
        flip_bit(bytes, random);
        break;
      case 1:
        set_byte(bytes, random);
        break;
      case 2:
        set_number(bytes, random);
        break;
      case 3:
        cut(bytes, random);
        break;
      default:
        splice(bytes, pick(), random);
        break;
    }
  }
  bytes.resize(std::min(bytes.size(), max_size));
  return bytes;
}

}  // namespace lateral::fuzz
