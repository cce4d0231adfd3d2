#pragma once
// Ray against box on flat ground, shared by the sensors. All rays of one column (one bearing) share their
// path in plan view, so the boxes are cut once per column and each ray only compares heights.
// Internal to models/scenes.

#include <vector>

#include "models/scenes/scene.hpp"

namespace lateral::scenes {

inline constexpr float kSensorHeight = 1.6F;  ///< of cameras and LiDAR above the ground
inline constexpr float kFarthestGround = 60.0F;

/// Where one column passes through one box, in plan view.
struct Crossing {
  const Object* object = nullptr;
  float enter = 0, leave = 0;  ///< horizontal distances
  float facing = 0;            ///< |cosine| between the ray and the face it enters by, in plan view
  float along = 0;             ///< where on that face, 0..1
  float aside = 0;             ///< metres by which it misses the box's axis; for round things
  bool long_side = false;      ///< entered by a side (true) or by front or back
};

struct Hit {
  enum class What { Sky, Ground, Object };
  What what = What::Sky;
  float distance = 1e9F;               ///< horizontal
  float height = 0;                    ///< above the ground
  const Crossing* crossing = nullptr;  ///< What::Object only
  bool top = false;                    ///< the ray looks down onto the box
};

/// The boxes a column at `bearing` (degrees) meets, nearest first. `out` is cleared; its storage is reused.
void cross(const Scene& scene, float bearing, std::vector<Crossing>& out);

/// The point of a face at height share `up` (0..1): is it part of the object? Boxes are, cut-outs may not be.
using Outline = bool (*)(const Crossing& crossing, float up);

/// The first thing a ray of slope `rise` (height gained per horizontal metre) meets.
Hit first_hit(const std::vector<Crossing>& crossings, float rise, Outline outline);

}  // namespace lateral::scenes
