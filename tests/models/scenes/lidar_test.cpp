#include "models/scenes/lidar.hpp"

#include <array>
#include <cmath>
#include <numbers>

#include "core/base/error.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using namespace lateral::scenes;

namespace {

struct Point {
  float x, y, z, intensity, motion;
  float distance() const { return std::hypot(x, y); }
  float bearing() const {
    const float degrees = std::atan2(-y, x) * 180.0F / std::numbers::pi_v<float>;
    return degrees < 0 ? degrees + 360.0F : degrees;
  }
};

std::vector<Point> points_of(const PointCloud& cloud) {
  std::vector<Point> points;
  for (std::size_t i = 0; i < cloud.count(); ++i) {
    const float* const v = cloud.values.data() + i * 5;
    points.push_back({v[0], v[1], v[2], v[3], v[4]});
  }
  return points;
}

/// Returns from above the ground, within reach of this object's box and in its angle of view.
std::vector<Point> returns_of(const Object& object, const std::vector<Point>& points) {
  std::vector<Point> found;
  const float reach =
      0.5F * std::hypot(object.length, object.width) + 0.3F;  // noise moves returns by 0.1 m at most
  for (const Point& point : points) {
    const float bearing = object.bearing * std::numbers::pi_v<float> / 180.0F;
    const float dx = point.x - object.distance * std::cos(bearing);
    const float dy = point.y + object.distance * std::sin(bearing);
    const float aside = std::abs(std::remainder(point.bearing() - object.bearing, 360.0F));
    if (std::hypot(dx, dy) < reach && aside <= object.half_angle && point.z > -1.5F) found.push_back(point);
  }
  return found;
}

}  // namespace

TEST_CASE("a dropout that is no share is refused") {
  CHECK_THROWS_AS(render_lidar(make_scene(1, 0), {1.5F}), Error);
  CHECK_THROWS_AS(render_lidar(make_scene(1, 0), {-0.1F}), Error);
  CHECK_THROWS_AS(render_lidar(make_scene(1, 0), {std::nanf("")}), Error);
}

TEST_CASE("the same scene gives the same points, and losing all returns leaves none") {
  const Scene scene = make_scene(1, 4);
  CHECK(render_lidar(scene).values == render_lidar(scene).values);
  CHECK(render_lidar(scene).values != render_lidar(make_scene(1, 5)).values);
  CHECK(render_lidar(scene, {1.0F}).count() == 0);
}

TEST_CASE("every object returns points that lie on it and tell whether it moves") {
  int objects = 0, told = 0;
  for (std::uint64_t i = 0; i < 100; ++i) {
    const Scene scene = make_scene(51, i);
    const auto points = points_of(render_lidar(scene));
    for (const Object& object : scene.objects) {
      const auto found = returns_of(object, points);
      INFO("scene " << i << ", " << name_of(object.kind) << " at " << object.distance << " m");
      CHECK(!found.empty());
      double moving = 0;
      for (const Point& point : found) {
        CHECK(point.z + 1.6F < object.height + 0.2F);
        moving += point.motion;
      }
      told += (moving > 0.5 * static_cast<double>(found.size())) == object.moving ? 1 : 0;
      ++objects;
    }
  }
  CHECK(told > 0.97 * objects);
}

TEST_CASE("all returns keep to the beams, the azimuths and the reach") {
  for (const Point& point : points_of(render_lidar(make_scene(52, 0)))) {
    const float beam = (kFirstBeam - point.z / point.distance()) / (kFirstBeam - kLastBeam) * (kBeams - 1);
    CHECK(beam == Catch::Approx(std::round(beam)).margin(1e-3));
    const float azimuth = (point.bearing() + 30.0F) / 360.0F * kAzimuths - 0.5F;
    CHECK(azimuth == Catch::Approx(std::round(azimuth)).margin(1e-2));
    CHECK(point.distance() < 40.2F);
    CHECK(point.intensity >= 0.0F);
    CHECK(point.intensity <= 1.0F);
  }
}
