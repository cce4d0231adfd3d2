#pragma once
// Sensor noise that is cheap and the same everywhere. Internal to models/scenes.

#include <cstdint>

#include "core/base/random.hpp"

namespace lateral::scenes {

/// Nearly normal, mean 0, variance 1, |x| < 3.46: the sum of the four bytes of one draw. Drawing a true
/// normal for every pixel took longer than casting its rays.
inline float grain(Random& random) {
  const std::uint32_t bits = random.next();
  const auto sum =
      static_cast<int>((bits & 255U) + ((bits >> 8U) & 255U) + ((bits >> 16U) & 255U) + (bits >> 24U));
  constexpr float kDeviation = 147.80054F;  // sqrt(4 (256^2 - 1) / 12)
  return static_cast<float>(sum - 510) * (1.0F / kDeviation);
}

}  // namespace lateral::scenes
