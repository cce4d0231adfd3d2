#pragma once
// What every point cloud must be.

#include <cmath>

#include "core/format/point_cloud.hpp"
#include "tests/fuzz/target.hpp"

namespace lateral::fuzz {

inline void use_cloud(const format::PointCloud& cloud) {
  require(!cloud.columns.empty() && cloud.columns.size() <= format::kMaxPointColumns, "a cloud has columns");
  require(cloud.values.size() == static_cast<std::size_t>(cloud.rows) * cloud.columns.size(),
          "rows are whole");
  const std::string first[] = {cloud.columns.front()}, absent[] = {std::string("intensity")};
  const auto selected = format::select_columns(cloud, first);
  require(selected.rows + selected.dropped == cloud.rows + cloud.dropped, "no point is lost unseen");
  for (const float value : selected.values) require(std::isfinite(value), "selected values are finite");
  static_cast<void>(format::select_columns(cloud, absent, absent));
}

}  // namespace lateral::fuzz
