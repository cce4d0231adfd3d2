#include "plugins/common/panorama.hpp"

#include <algorithm>
#include <vector>

namespace lateral::plugins {
namespace {

/// The source pixels under one target pixel, along one axis, each with the share it contributes.
struct Cover {
  std::int64_t first = 0;
  std::vector<float> shares;
};

std::vector<Cover> covers(std::int64_t from, std::int64_t to) {
  std::vector<Cover> all(static_cast<std::size_t>(to));
  for (std::int64_t i = 0; i < to; ++i) {
    // In units of 1 / to source pixels everything is an integer: no rounding decides which pixels count.
    const std::int64_t begin = i * from, end = (i + 1) * from;
    Cover& cover = all[static_cast<std::size_t>(i)];
    cover.first = begin / to;
    for (std::int64_t p = cover.first; p * to < end; ++p) {
      const std::int64_t shared = std::min(end, (p + 1) * to) - std::max(begin, p * to);
      cover.shares.push_back(static_cast<float>(shared) / static_cast<float>(from));
    }
  }
  return all;
}

class Shrink {
 public:
  Shrink(std::int64_t height, std::int64_t width)
      : width_(width), rows_(covers(height, kViewRows)), columns_(covers(width, kViewColumns)) {}

  /// One pixel of the small view, RGB in 0..1.
  void pixel(const std::uint8_t* view, std::int64_t row, std::int64_t column, float* rgb) const {
    const Cover& down = rows_[static_cast<std::size_t>(row)];
    const Cover& across = columns_[static_cast<std::size_t>(column)];
    rgb[0] = rgb[1] = rgb[2] = 0;
    for (std::size_t y = 0; y < down.shares.size(); ++y) {
      const std::uint8_t* p =
          view + ((down.first + static_cast<std::int64_t>(y)) * width_ + across.first) * 3;
      for (std::size_t x = 0; x < across.shares.size(); ++x, p += 3) {
        const float share = down.shares[y] * across.shares[x] / 255.0F;
        for (int c = 0; c < 3; ++c) rgb[c] += share * static_cast<float>(p[c]);
      }
    }
  }

 private:
  std::int64_t width_;
  std::vector<Cover> rows_, columns_;
};

}  // namespace

Signal panorama(const std::uint8_t* pixels, std::int64_t height, std::int64_t width) {
  const Shrink shrink(height, width);
  Signal ring{Matrix(3, kViewRows * kViews * kViewColumns), kViewRows, kViews * kViewColumns};
  for (std::int64_t view = 0; view < kViews; ++view) {
    for (std::int64_t row = 0; row < kViewRows; ++row) {
      for (std::int64_t column = 0; column < kViewColumns; ++column) {
        float rgb[3];
        shrink.pixel(pixels + view * height * width * 3, row, column, rgb);
        const std::int64_t at = row * ring.columns + view * kViewColumns + column;
        for (int c = 0; c < 3; ++c) ring.values(c, at) = rgb[c];
      }
    }
  }
  return ring;
}

}  // namespace lateral::plugins
