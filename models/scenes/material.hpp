#pragma once
// What the surfaces look like to a camera and to a LiDAR. Internal to models/scenes.

#include <array>

#include "models/scenes/rays.hpp"

namespace lateral::scenes {

using Colour = std::array<float, 3>;  // RGB, 0 black to 1 white

/// Cones taper, people have heads, bicycles have wheels: the camera sees the outline, the coarse LiDAR a box.
bool camera_outline(const Crossing& crossing, float up);
bool box_outline(const Crossing& crossing, float up);

/// The unlit colour of a point on an object. Moving objects carry a lit band.
Colour colour_of(const Hit& hit);
/// Ground seen at `distance` towards `bearing` (degrees): asphalt with lane marks ahead and behind, verge
/// beside it.
Colour ground_colour(float bearing, float distance);
/// 0..1 share of the LiDAR's light that comes back.
float reflectance_of(const Hit& hit);

}  // namespace lateral::scenes
