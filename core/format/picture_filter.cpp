#include "core/format/picture_filter.hpp"

#include <algorithm>
#include <cmath>

#include "core/base/error.hpp"

namespace lateral::format {
namespace {

constexpr int kPasses = 3;
constexpr float kMaxRadius = 1000;
constexpr std::uint32_t kOne = 1U << 24U;  // weights are fractions of this

/// A box of 2 * `reach` + 1 whole pixels and a part of one more at either end.
struct Box {
  std::int64_t reach;
  std::uint32_t whole, part;  // weights of a pixel in the box and of the two at its ends
};

// In single precision where the published bytes depend on it.
Box box_of(float deviation) {
  const float variance = deviation * deviation / static_cast<float>(kPasses);
  const auto length = static_cast<float>(std::sqrt(12.0 * static_cast<double>(variance) + 1.0));
  const auto reach = static_cast<float>(std::floor((static_cast<double>(length) - 1.0) / 2.0));
  float rest = (2 * reach + 1) * (reach * (reach + 1) - 3 * variance);
  rest /= 6 * (variance - (reach + 1) * (reach + 1));
  const float radius = reach + rest;
  const auto whole_reach = static_cast<std::uint32_t>(radius);
  const auto whole = static_cast<std::uint32_t>(static_cast<float>(kOne) / (radius * 2 + 1));
  return {static_cast<std::int64_t>(whole_reach), whole, (kOne - (whole_reach * 2 + 1) * whole) / 2};
}

// One channel of one row of `width` pixels; `in` and `out` step by 3.
void blur_row(const std::uint8_t* in, std::uint8_t* out, std::int64_t width, const Box& box) {
  const auto at = [&](std::int64_t x) -> std::uint32_t {
    return in[3 * std::clamp<std::int64_t>(x, 0, width - 1)];
  };
  std::uint32_t sum = 0;
  for (std::int64_t x = -box.reach; x <= box.reach; ++x) sum += at(x);
  for (std::int64_t x = 0; x < width; ++x) {
    const std::uint32_t ends = at(x - box.reach - 1) + at(x + box.reach + 1);
    out[3 * x] = static_cast<std::uint8_t>((sum * box.whole + ends * box.part + kOne / 2) >> 24U);
    sum += at(x + box.reach + 1) - at(x - box.reach);
  }
}

Image blurred_along_rows(Image image, const Box& box) {
  Image next = image;
  const auto row = static_cast<std::size_t>(image.width) * 3;
  for (int pass = 0; pass < kPasses; ++pass) {
    for (std::size_t y = 0; y < static_cast<std::size_t>(image.height); ++y) {
      for (std::size_t channel = 0; channel < 3; ++channel) {
        const std::size_t start = y * row + channel;
        blur_row(image.rgb.data() + start, next.rgb.data() + start, image.width, box);
      }
    }
    std::swap(image, next);
  }
  return image;
}

}  // namespace

Image transposed(const Image& image) {
  Image turned{image.width, image.height, std::vector<std::uint8_t>(image.rgb.size())};
  const auto height = static_cast<std::size_t>(image.height), width = static_cast<std::size_t>(image.width);
  for (std::size_t y = 0; y < height; ++y) {
    for (std::size_t x = 0; x < width; ++x)
      std::copy_n(image.rgb.data() + 3 * (y * width + x), 3, turned.rgb.data() + 3 * (x * height + y));
  }
  return turned;
}

Image gaussian_blur(const Image& image, float radius) {
  if (!(radius >= 0 && radius <= kMaxRadius)) {
    fail(Errc::InvalidArgument, "image", "a blur of radius ", radius, " is not between 0 and ", kMaxRadius);
  }
  if (radius == 0) return image;
  const Box box = box_of(radius);
  return transposed(blurred_along_rows(transposed(blurred_along_rows(image, box)), box));
}

void dim(Image& image, float factor) {
  if (!(factor >= 0 && factor <= 1))
    fail(Errc::InvalidArgument, "image", "a brightness of ", factor, " is not between 0 and 1");
  for (std::uint8_t& value : image.rgb) value = static_cast<std::uint8_t>(factor * static_cast<float>(value));
}

Image night_of(const Image& image) {
  Image night = gaussian_blur(image, 7);
  dim(night, 0.2F);
  return night;
}

}  // namespace lateral::format
