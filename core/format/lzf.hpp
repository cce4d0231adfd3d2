#pragma once
// LZF decompression (the format of Marc Lehmann's liblzf), which PCD's binary_compressed uses. Written from
// the format's description; nothing is read or written outside the given ranges.

#include <cstddef>
#include <span>

namespace lateral::format {

/// Fills `out` exactly from all of `in`; false when the input is malformed or gives another length.
bool lzf_decompress(std::span<const std::byte> in, std::span<std::byte> out) noexcept;

/// The most bytes that `compressed` bytes can become: three bytes copy at most 264.
constexpr std::size_t lzf_max_size(std::size_t compressed) {
  return compressed * 88;
}

}  // namespace lateral::format
