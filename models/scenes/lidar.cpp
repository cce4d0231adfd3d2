#include "models/scenes/lidar.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/base/error.hpp"
#include "core/base/random.hpp"
#include "models/scenes/material.hpp"
#include "models/scenes/noise.hpp"
#include "models/scenes/rays.hpp"

namespace lateral::scenes {
namespace {

constexpr float kReach = 40.0F;
constexpr float kRangeNoise = 0.03F, kIntensityNoise = 0.05F;
constexpr float kGroundReflectance = 0.12F;
constexpr float kFalseMotion = 0.01F;  // share of returns that seem to move and do not

float slope_of(int beam) {
  return kFirstBeam + (kLastBeam - kFirstBeam) * static_cast<float>(beam) / static_cast<float>(kBeams - 1);
}

void add_return(const Hit& hit, float bearing, float slope, float dropout, Random& random,
                PointCloud& cloud) {
  if (hit.what == Hit::What::Sky || hit.distance >= kReach || random.chance(dropout)) return;
  const bool object = hit.what == Hit::What::Object;
  const float distance = std::max(0.0F, hit.distance + kRangeNoise * grain(random));
  const float radians = bearing * std::numbers::pi_v<float> / 180.0F;
  const float intensity =
      (object ? reflectance_of(hit) : kGroundReflectance) + kIntensityNoise * grain(random);
  const bool moves = (object && hit.crossing->object->moving) || random.chance(kFalseMotion);
  // Noise moves a return along its ray, so its cell in the range view stays the beam's and the azimuth's own.
  cloud.values.insert(cloud.values.end(),
                      {distance * std::cos(radians), -distance * std::sin(radians), distance * slope,
                       std::clamp(intensity, 0.0F, 1.0F), moves ? 1.0F : 0.0F});
}

}  // namespace

PointCloud render_lidar(const Scene& scene, const LidarOptions& options) {
  if (!(options.dropout >= 0.0F && options.dropout <= 1.0F)) {
    fail(Errc::InvalidArgument, "scenes", "LiDAR dropout ", options.dropout,
         " is not a share between 0 and 1");
  }
  Random random(scene.id, 3);
  PointCloud cloud;
  cloud.values.reserve(static_cast<std::size_t>(kBeams) * kAzimuths * PointCloud::kColumns.size());
  std::vector<Crossing> crossings;
  for (int azimuth = 0; azimuth < kAzimuths; ++azimuth) {
    const float bearing = -30.0F + (static_cast<float>(azimuth) + 0.5F) * 360.0F / kAzimuths;
    cross(scene, bearing, crossings);
    for (int beam = 0; beam < kBeams; ++beam) {
      const float slope = slope_of(beam);
      add_return(first_hit(crossings, slope, box_outline), bearing, slope, options.dropout, random, cloud);
    }
  }
  return cloud;
}

}  // namespace lateral::scenes
