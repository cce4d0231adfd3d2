#pragma once
// Resizing as Pillow does it, to the bit: two passes over bytes, horizontal first, each rounded to bytes, with weights of 22
// fractional bits and a filter that widens when the picture shrinks (antialiasing). Encoders were trained on such pictures.

#include <cstdint>
#include <vector>

namespace lateral::plugins {

/// Numbers as in `resample` of a processor's file.
enum class Filter { Lanczos = 1, Bilinear = 2, Bicubic = 3 };

/// RGB bytes [height, width, 3].
struct Picture {
  std::int64_t height = 0, width = 0;
  std::vector<std::uint8_t> pixels;
};

/// REQUIRES: all four sizes are at least 1.
Picture resize(const std::uint8_t* pixels, std::int64_t height, std::int64_t width, std::int64_t new_height,
               std::int64_t new_width, Filter filter);

}  // namespace lateral::plugins
