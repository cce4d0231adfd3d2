#include "plugins/common/range_view.hpp"

#include <cmath>
#include <limits>

#include "models/scenes/lidar.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using namespace lateral::plugins;

namespace {

/// A point on the ray of a cell.
std::vector<float> point(int row, int column, float range, float intensity = 0.5F, float motion = 0) {
  const double slope = 0.22 - 0.64 * row / 19.0;
  const double bearing = (-30.0 + (column + 0.5) * 0.9375) * 3.14159265358979323846 / 180.0;
  return {static_cast<float>(range * std::cos(bearing)), static_cast<float>(-range * std::sin(bearing)),
          static_cast<float>(range * slope), intensity, motion};
}

}  // namespace

TEST_CASE("points that are not finite, too near, too far or too steep are left out") {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInf = std::numeric_limits<float>::infinity();
  std::vector<float> points{kNan, 1, 0, 0, 0, 5, kInf, 0, 0, 0, 5, 5, 0,  kNan, 0, 0.1F, 0, 0, 1, 0,
                            90,   0, 0, 1, 0, 5, 0,    4, 1, 0, 5, 0, -4, 1,    0, 0,    0, 0, 1, 0};
  CHECK(range_view(points.data(), 8, 5).values.isZero());
  CHECK(range_view(nullptr, 0, 5).values.isZero());
}

TEST_CASE("every cell is reached by its own ray") {
  for (int row = 0; row < kBeams; ++row) {
    for (int column = 0; column < kAzimuths; ++column) {
      const auto p = point(row, column, 12.0F, 0.25F, 1);
      const Signal view = range_view(p.data(), 1, 5);
      const auto at = row * kAzimuths + column;
      REQUIRE(view.values(0, at) == Catch::Approx(0.4));
      REQUIRE(view.values(1, at) == Catch::Approx((p[2] + 1.6) / 3).margin(1e-6));
      REQUIRE(view.values(2, at) == 0.25F);
      REQUIRE(view.values(3, at) == 1.0F);
      REQUIRE((view.values.row(0).array() != 0).count() == 1);
    }
  }
}

TEST_CASE("the nearest return of a cell wins, whatever the order") {
  auto near = point(4, 100, 8.0F, 0.9F), far = point(4, 100, 20.0F, 0.1F);
  auto both = near;
  both.insert(both.end(), far.begin(), far.end());
  far.insert(far.end(), near.begin(), near.end());
  const Signal a = range_view(both.data(), 2, 5), b = range_view(far.data(), 2, 5);
  CHECK(a.values == b.values);
  CHECK(a.values(2, 4 * kAzimuths + 100) == 0.9F);
}

TEST_CASE("four columns mean no motion; mounting moves height and intensity") {
  auto p = point(10, 7, 10.0F, 200.0F);
  p.pop_back();
  const Signal view = range_view(p.data(), 1, 4, {2.0F, 1.0F / 255.0F});
  const auto at = 10 * kAzimuths + 7;
  CHECK(view.values(1, at) == Catch::Approx((p[2] + 2.0) / 3));
  CHECK(view.values(2, at) == Catch::Approx(200.0 / 255.0));
  CHECK(view.values(3, at) == 0.0F);
}

TEST_CASE("each return of a generated sweep has a cell of its own") {
  for (std::uint64_t i = 0; i < 20; ++i) {
    const auto cloud = scenes::render_lidar(scenes::make_scene(61, i));
    const Signal view = range_view(cloud.values.data(), static_cast<std::int64_t>(cloud.count()), 5);
    CHECK(static_cast<std::size_t>((view.values.row(0).array() != 0).count()) == cloud.count());
  }
}
