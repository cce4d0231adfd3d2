#include "models/scenes/rays.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace lateral::scenes {
namespace {

constexpr float kRadians = std::numbers::pi_v<float> / 180.0F;
constexpr float kTiny = 1e-6F;

/// Enter and leave distances of one pair of parallel faces, half a size to each side of the box's centre.
struct Slab {
  Slab(float origin, float direction, float size) {
    const float safe = std::abs(direction) < kTiny ? kTiny : direction;
    const float a = (-0.5F * size - origin) / safe;
    const float b = (0.5F * size - origin) / safe;
    enter = std::min(a, b);
    leave = std::max(a, b);
  }
  float enter, leave;
};

bool cross_one(const Object& object, float cos_bearing, float sin_bearing, Crossing& out) {
  const float cos_heading = std::cos(object.heading);
  const float sin_heading = std::sin(object.heading);
  const float x = object.distance * std::cos(object.bearing * kRadians);
  const float y = object.distance * std::sin(object.bearing * kRadians);
  // The ray in the box's own frame: direction (ux, uy), origin (ox, oy).
  const float ux = cos_bearing * cos_heading + sin_bearing * sin_heading;
  const float uy = -cos_bearing * sin_heading + sin_bearing * cos_heading;
  const float ox = -(x * cos_heading + y * sin_heading);
  const float oy = x * sin_heading - y * cos_heading;
  const Slab lengthwise(ox, ux, object.length);
  const Slab crosswise(oy, uy, object.width);
  const float enter = std::max(lengthwise.enter, crosswise.enter);
  const float leave = std::min(lengthwise.leave, crosswise.leave);
  if (leave <= enter || enter <= 0) return false;
  const bool long_side = crosswise.enter > lengthwise.enter;
  const float along = long_side ? (ox + enter * ux) / object.length : (oy + enter * uy) / object.width;
  const float aside = std::abs(x * sin_bearing - y * cos_bearing);
  out = {&object, enter, leave, std::abs(long_side ? uy : ux), along + 0.5F, aside, long_side};
  return true;
}

/// The part of a crossing that a ray of this slope meets, if any.
bool meets(const Crossing& crossing, float rise, Outline outline, Hit& hit) {
  const float tall = crossing.object->height;
  const float side = kSensorHeight + crossing.enter * rise;
  if (side > 0 && side < tall) {
    if (!outline(crossing, side / tall)) return false;
    hit = {Hit::What::Object, crossing.enter, side, &crossing, false};
    return true;
  }
  const float over = (tall - kSensorHeight) / (std::abs(rise) < kTiny ? kTiny : rise);
  if (over <= crossing.enter || over >= crossing.leave || !outline(crossing, 1.0F)) return false;
  hit = {Hit::What::Object, over, tall, &crossing, true};
  return true;
}

}  // namespace

void cross(const Scene& scene, float bearing, std::vector<Crossing>& out) {
  out.clear();
  const float cos_bearing = std::cos(bearing * kRadians);
  const float sin_bearing = std::sin(bearing * kRadians);
  for (const Object& object : scene.objects) {
    // half_angle is exact for the centre's distance; a near corner is seen a little wider, never twice as wide.
    if (std::abs(std::remainder(bearing - object.bearing, 360.0F)) > 2.0F * object.half_angle) continue;
    Crossing crossing;
    if (cross_one(object, cos_bearing, sin_bearing, crossing)) out.push_back(crossing);
  }
  std::sort(out.begin(), out.end(), [](const Crossing& a, const Crossing& b) { return a.enter < b.enter; });
}

Hit first_hit(const std::vector<Crossing>& crossings, float rise, Outline outline) {
  Hit hit;
  for (const Crossing& crossing : crossings) {
    if (meets(crossing, rise, outline, hit)) return hit;
  }
  if (rise < 0 && -kSensorHeight / rise < kFarthestGround) {
    hit.what = Hit::What::Ground;
    hit.distance = -kSensorHeight / rise;
  }
  return hit;
}

}  // namespace lateral::scenes
