#pragma once
// A LiDAR sweep as a picture seen from the sensor: rows are elevations, columns are bearings, as RangeNet++ (Milioto et
// al., IROS 2019) and RangeViT (arXiv 2301.10222) have it.

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace lateral::plugins {

inline constexpr std::int64_t kRangeChannels = 5;  // range, x, y, z, intensity

/// How points become cells, and what their values are normalised by.
struct Projection {
  double up = 0.0, down = 0.0;  ///< degrees: the upper edge of the first row, the lower edge of the last
  std::array<float, kRangeChannels> mean{}, deviation{};
  float intensity_scale = 1.0F;  ///< brings intensities to 0..1
  /// As the published code of mPnP-LLM has it, for weights that were trained so: intensities stay as the file has them,
  /// and the cell that the first point of a sweep wins counts as empty.
  bool as_published = false;
};

/// "nuscenes" (32 beams, intensities to 255) or "kitti" (64 beams, intensities to 1). Throws LAT_INVALID_ARGUMENT.
Projection projection_named(std::string_view name);

struct RangeImage {
  std::vector<float> values;         ///< [5, rows, columns], normalised; 0 where nothing returned
  std::vector<std::int32_t> points;  ///< [rows, columns]: which point a cell shows, -1 none
};

/// f32 [count, 4]: x, y, z in metres, sensor frame, and intensity. The middle column looks along +x, columns go clockwise.
/// The nearest return of a cell wins, of equally near ones the first; what is steeper than the outer rows goes into them.
/// Points that are not finite, at the origin or farther than 1 km are left out.
RangeImage range_image(const float* points, std::int64_t count, std::int64_t rows, std::int64_t columns,
                       const Projection& projection);

}  // namespace lateral::plugins
