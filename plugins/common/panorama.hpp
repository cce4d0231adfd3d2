#pragma once
// Six camera views side by side, as the camera encoder sees them.

#include <cstdint>

#include "plugins/common/network.hpp"

namespace lateral::plugins {

inline constexpr std::int64_t kViews = 6;
inline constexpr std::int64_t kViewRows = 40, kViewColumns = 64;

/// u8 RGB [6, height, width, 3] of any size to [3, 40 * 384] in 0..1. Each pixel is the mean of the area it
/// covers, so a larger picture of the same scene gives the same signal with less noise. View 0 looks ahead,
/// the others follow clockwise, 60 degrees each.
Signal panorama(const std::uint8_t* pixels, std::int64_t height, std::int64_t width);

}  // namespace lateral::plugins
