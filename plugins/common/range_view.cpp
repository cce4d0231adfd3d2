#include "plugins/common/range_view.hpp"

#include <algorithm>
#include <cmath>

namespace lateral::plugins {
namespace {

constexpr float kFirstSlope = 0.22F,
                kLastSlope = -0.42F;  // of the first and the last row, evenly spaced between
constexpr float kNearest = 0.5F, kFarthest = 41.0F;
constexpr float kPi = 3.14159265358979F;

struct Cell {
  std::int64_t row = 0, column = 0;
};

bool find_cell(float x, float y, float z, float range, Cell& cell) {
  const float row = (kFirstSlope - z / range) / (kFirstSlope - kLastSlope) * static_cast<float>(kBeams - 1);
  cell.row = std::lround(row);
  if (cell.row < 0 || cell.row >= kBeams) return false;
  const float turns = (std::atan2(-y, x) + kPi / 6.0F) / (2.0F * kPi);  // from the left edge, clockwise
  const float column = (turns - std::floor(turns)) * static_cast<float>(kAzimuths);
  cell.column = std::min<std::int64_t>(static_cast<std::int64_t>(column), kAzimuths - 1);
  return true;
}

}  // namespace

Signal range_view(const float* points, std::int64_t count, std::int64_t columns, const Mounting& mounting) {
  Signal view{Matrix::Zero(4, kBeams * kAzimuths), kBeams, kAzimuths};
  for (std::int64_t i = 0; i < count; ++i) {
    const float* const p = points + i * columns;
    if (!std::all_of(p, p + columns, [](float v) { return std::isfinite(v); })) continue;
    const float range = std::hypot(p[0], p[1]);
    Cell cell;
    if (range < kNearest || range > kFarthest || !find_cell(p[0], p[1], p[2], range, cell)) continue;
    const std::int64_t at = cell.row * kAzimuths + cell.column;
    if (view.values(0, at) != 0 && view.values(0, at) <= range / 30.0F) continue;
    view.values(0, at) = range / 30.0F;
    view.values(1, at) = (p[2] + mounting.height) / 3.0F;
    view.values(2, at) = std::clamp(p[3] * mounting.intensity_scale, 0.0F, 1.0F);
    view.values(3, at) = columns > 4 ? std::clamp(p[4], 0.0F, 1.0F) : 0.0F;
  }
  return view;
}

}  // namespace lateral::plugins
