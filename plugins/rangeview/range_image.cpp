#include "plugins/rangeview/range_image.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include <lateral/sdk/error.hpp>

namespace lateral::plugins {
namespace {

constexpr std::int64_t kPointWidth = 4;
constexpr double kFarthest = 1000.0;

// Of SemanticKITTI, as RangeNet++ published them; mPnP-LLM takes them for nuScenes, too.
constexpr std::array<float, kRangeChannels> kMean = {12.12F, 10.88F, 0.23F, -1.04F, 0.21F};
constexpr std::array<float, kRangeChannels> kDeviation = {12.32F, 11.47F, 6.91F, 0.86F, 0.16F};

double range_of(const float* point) {
  return std::hypot(static_cast<double>(point[0]), static_cast<double>(point[1]),
                    static_cast<double>(point[2]));
}

bool usable(const float* point) {
  const bool finite = std::all_of(point, point + kPointWidth, [](float v) { return std::isfinite(v); });
  if (!finite) return false;
  const double range = range_of(point);
  return range > 0.0 && range <= kFarthest;
}

std::int64_t clamped(double place, std::int64_t cells) {
  return static_cast<std::int64_t>(std::clamp(std::floor(place), 0.0, static_cast<double>(cells - 1)));
}

// In double: cells near a border must not depend on how a library rounds its arctangents.
std::int64_t cell_of(const float* point, std::int64_t rows, std::int64_t columns,
                     const Projection& projection) {
  const double bearing = -std::atan2(static_cast<double>(point[1]), static_cast<double>(point[0]));
  const double sine = std::clamp(static_cast<double>(point[2]) / range_of(point), -1.0, 1.0);
  const double elevation = std::asin(sine) * 180.0 / std::numbers::pi;
  const double right = 0.5 * (bearing / std::numbers::pi + 1.0);
  const double below = (projection.up - elevation) / (projection.up - projection.down);
  return clamped(below * static_cast<double>(rows), rows) * columns +
         clamped(right * static_cast<double>(columns), columns);
}

std::vector<std::int32_t> winners(const float* points, std::int64_t count, std::int64_t rows,
                                  std::int64_t columns, const Projection& projection) {
  const auto cells = static_cast<std::size_t>(rows * columns);
  std::vector<std::int32_t> winners(cells, -1);
  std::vector<double> nearest(cells, std::numeric_limits<double>::infinity());
  for (std::int64_t i = 0; i < count; ++i) {
    const float* const point = points + i * kPointWidth;
    if (!usable(point)) continue;
    const auto cell = static_cast<std::size_t>(cell_of(point, rows, columns, projection));
    if (range_of(point) >= nearest[cell]) continue;
    nearest[cell] = range_of(point);
    winners[cell] = static_cast<std::int32_t>(i);
  }
  return winners;
}

std::array<float, kRangeChannels> values_of(const float* point, const Projection& projection) {
  const float intensity =
      projection.as_published ? point[3] : std::clamp(point[3] * projection.intensity_scale, 0.0F, 1.0F);
  std::array<float, kRangeChannels> values = {static_cast<float>(range_of(point)), point[0], point[1],
                                              point[2], intensity};
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = (values[i] - projection.mean[i]) / projection.deviation[i];
  return values;
}

}  // namespace

Projection projection_named(std::string_view name) {
  if (name == "nuscenes") return {10.0, -30.0, kMean, kDeviation, 1.0F / 255.0F, false};
  if (name == "kitti") return {3.0, -25.0, kMean, kDeviation, 1.0F, false};
  sdk::fail(LAT_INVALID_ARGUMENT, "projection is \"nuscenes\" or \"kitti\", not \"", name, "\"");
}

RangeImage range_image(const float* points, std::int64_t count, std::int64_t rows, std::int64_t columns,
                       const Projection& projection) {
  RangeImage image;
  image.points = winners(points, count, rows, columns, projection);
  const std::size_t cells = image.points.size();
  image.values.assign(static_cast<std::size_t>(kRangeChannels) * cells, 0.0F);
  for (std::size_t cell = 0; cell < cells; ++cell) {
    const std::int32_t winner = image.points[cell];
    if (winner < 0 || (winner == 0 && projection.as_published)) continue;
    const auto values = values_of(points + winner * kPointWidth, projection);
    for (std::size_t channel = 0; channel < values.size(); ++channel)
      image.values[channel * cells + cell] = values[channel];
  }
  return image;
}

}  // namespace lateral::plugins
