#include "core/format/lzf.hpp"

#include <cstring>

namespace lateral::format {

// A control byte below 32 announces control + 1 literal bytes. Otherwise its upper three bits are a length
// (7: add the next byte) and its lower five, with one more byte, a distance; length + 2 bytes are copied from
// distance + 1 back.
bool lzf_decompress(std::span<const std::byte> in, std::span<std::byte> out) noexcept {
  std::size_t from = 0, to = 0;
  while (from < in.size()) {
    const auto control = std::to_integer<std::size_t>(in[from++]);
    if (control < 32) {
      const std::size_t count = control + 1;
      if (count > in.size() - from || count > out.size() - to) return false;
      std::memcpy(out.data() + to, in.data() + from, count);
      from += count;
      to += count;
      continue;
    }
    std::size_t count = control >> 5U;
    if (count == 7) {
      if (from == in.size()) return false;
      count += std::to_integer<std::size_t>(in[from++]);
    }
    count += 2;
    if (from == in.size()) return false;
    const std::size_t distance = ((control & 31U) << 8U) + std::to_integer<std::size_t>(in[from++]) + 1;
    if (distance > to || count > out.size() - to) return false;
    // Byte by byte: source and target may overlap, which is how a run is written.
    for (; count > 0; --count, ++to) out[to] = out[to - distance];
  }
  return to == out.size();
}

}  // namespace lateral::format
