#pragma once
// A point cloud as a picture: rows are slopes, columns are bearings, as the LiDAR encoder sees it.

#include <cstdint>

#include "plugins/common/network.hpp"

namespace lateral::plugins {

inline constexpr std::int64_t kBeams = 20, kAzimuths = 384;

/// How a sensor's points become the range view's.
struct Mounting {
  float height = 1.6F;           ///< of the sensor above the ground, metres
  float intensity_scale = 1.0F;  ///< brings intensities to 0..1
};

/// f32 [count, columns] with x ahead, y left, z up (metres, sensor frame), intensity, and motion when
/// columns is 5, to [4, 20 * 384]: range / 30, height above the ground / 3, intensity, motion; all zero
/// where nothing returned. The nearest return of a cell wins. Points that are not finite, nearer than 0.5 m
/// or farther than 41 m, or steeper than the outer beams are left out. Column 0 begins 30 degrees left of
/// ahead, columns go clockwise.
Signal range_view(const float* points, std::int64_t count, std::int64_t columns,
                  const Mounting& mounting = {});

}  // namespace lateral::plugins
