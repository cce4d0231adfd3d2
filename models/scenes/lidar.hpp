#pragma once
// A spinning LiDAR of 20 beams and 384 azimuths, which sees the same by day and by night.
//
// Thread safety: pure functions of their arguments.

#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

#include "models/scenes/scene.hpp"

namespace lateral::scenes {

inline constexpr int kBeams = 20;
inline constexpr int kAzimuths = 384;
/// Slopes (height per horizontal metre) of the first and the last beam; those between are evenly spaced.
inline constexpr float kFirstBeam = 0.22F, kLastBeam = -0.42F;

struct LidarOptions {
  float dropout = 0.08F;  ///< share of returns lost
};

/// Points as a plugin receives them: f32 [count, 5] with these columns, in the sensor's frame: x ahead, y to
/// the left, z up, metres, the sensor 1.6 m above the ground; intensity 0..1; motion 1 where the sweep saw
/// the surface move.
struct PointCloud {
  static constexpr std::array<std::string_view, 5> kColumns{"x", "y", "z", "intensity", "motion"};
  std::vector<float> values;

  std::size_t count() const { return values.size() / kColumns.size(); }
};

/// The returns of one sweep, noise included: same scene and options, same bytes.
/// Throws InvalidArgument unless 0 <= dropout <= 1.
PointCloud render_lidar(const Scene& scene, const LidarOptions& options = {});

}  // namespace lateral::scenes
