#include "plugins/vision/resize.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace lateral::plugins {
namespace {

constexpr int kFraction = 32 - 8 - 2;  // bits: a sum of bytes times weights stays within 32
constexpr double kPi = 3.14159265358979323846;

double bilinear(double x) {
  x = std::abs(x);
  return x < 1.0 ? 1.0 - x : 0.0;
}

double bicubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
  if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * a;
  return 0.0;
}

double sinc(double x) {
  if (x == 0.0) return 1.0;
  x = x * kPi;
  return std::sin(x) / x;
}

double lanczos(double x) {
  return -3.0 <= x && x < 3.0 ? sinc(x) * sinc(x / 3) : 0.0;
}

struct Kernel {
  double (*weight)(double);
  double support;
};

Kernel kernel_of(Filter filter) {
  switch (filter) {
    case Filter::Lanczos:
      return {&lanczos, 3.0};
    case Filter::Bilinear:
      return {&bilinear, 1.0};
    case Filter::Bicubic:
      return {&bicubic, 2.0};
  }
  return {&bicubic, 2.0};
}

/// Which pixels make one new pixel, and how much of each.
struct Taps {
  std::int64_t first = 0;
  std::vector<std::int32_t> weights;
};

std::int32_t fixed(double weight) {
  const double scaled = weight * (1 << kFraction);
  return static_cast<std::int32_t>(weight < 0 ? -0.5 + scaled : 0.5 + scaled);
}

Taps taps_at(std::int64_t i, std::int64_t size, double scale, const Kernel& kernel) {
  const double widening = std::max(scale, 1.0);
  const double support = kernel.support * widening;
  const double center = (static_cast<double>(i) + 0.5) * scale;
  const auto first = std::max<std::int64_t>(static_cast<std::int64_t>(center - support + 0.5), 0);
  const auto last = std::min<std::int64_t>(static_cast<std::int64_t>(center + support + 0.5), size);
  std::vector<double> weights;
  double sum = 0;
  for (std::int64_t x = first; x < last; ++x) {
    weights.push_back(kernel.weight((static_cast<double>(x) - center + 0.5) * (1.0 / widening)));
    sum += weights.back();
  }
  Taps taps{first, {}};
  for (const double weight : weights) taps.weights.push_back(fixed(sum != 0.0 ? weight / sum : weight));
  return taps;
}

std::vector<Taps> taps_for(std::int64_t size, std::int64_t new_size, Filter filter) {
  const Kernel kernel = kernel_of(filter);
  const double scale = static_cast<double>(size) / static_cast<double>(new_size);
  std::vector<Taps> taps;
  for (std::int64_t i = 0; i < new_size; ++i) taps.push_back(taps_at(i, size, scale, kernel));
  return taps;
}

/// `step` bytes lie between neighbours.
std::uint8_t mixed(const std::uint8_t* from, std::int64_t step, const Taps& taps) {
  std::int32_t sum = 1 << (kFraction - 1);
  for (const std::int32_t weight : taps.weights) {
    sum += weight * *from;
    from += step;
  }
  return static_cast<std::uint8_t>(std::clamp(sum >> kFraction, 0, 255));
}

Picture across(const std::uint8_t* pixels, std::int64_t height, std::int64_t width,
               const std::vector<Taps>& taps) {
  const auto new_width = static_cast<std::int64_t>(taps.size());
  Picture out{height, new_width, std::vector<std::uint8_t>(static_cast<std::size_t>(height * new_width * 3))};
  auto* to = out.pixels.data();
  for (std::int64_t y = 0; y < height; ++y) {
    for (const Taps& tap : taps) {
      const auto* const from = pixels + (y * width + tap.first) * 3;
      for (int channel = 0; channel < 3; ++channel) *to++ = mixed(from + channel, 3, tap);
    }
  }
  return out;
}

Picture down(const Picture& in, const std::vector<Taps>& taps) {
  const auto new_height = static_cast<std::int64_t>(taps.size());
  const std::int64_t row = in.width * 3;
  Picture out{new_height, in.width, std::vector<std::uint8_t>(static_cast<std::size_t>(new_height * row))};
  auto* to = out.pixels.data();
  for (const Taps& tap : taps) {
    const auto* const from = in.pixels.data() + tap.first * row;
    for (std::int64_t x = 0; x < row; ++x) *to++ = mixed(from + x, row, tap);
  }
  return out;
}

}  // namespace

Picture resize(const std::uint8_t* pixels, std::int64_t height, std::int64_t width, std::int64_t new_height,
               std::int64_t new_width, Filter filter) {
  // A size that stays is not filtered.
  Picture picture =
      new_width != width
          ? across(pixels, height, width, taps_for(width, new_width, filter))
          : Picture{height, width, std::vector<std::uint8_t>(pixels, pixels + height * width * 3)};
  return new_height != height ? down(picture, taps_for(height, new_height, filter)) : std::move(picture);
}

}  // namespace lateral::plugins
