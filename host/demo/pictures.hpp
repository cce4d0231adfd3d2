#pragma once
// A scene as pictures for the page.

#include <vector>

#include "core/format/image.hpp"
#include "models/scenes/scene.hpp"

namespace lateral::host::demo {

/// Six large views, straight ahead first.
std::vector<format::Image> camera_views(const scenes::Scene& scene, bool night);

/// The LiDAR's sweep unrolled: azimuth to the right (straight ahead in the middle), elevation upwards, colour by range.
format::Image range_picture(const scenes::Scene& scene);

/// The points from above, ahead upwards, with the true objects' outlines; moving ones are brighter.
format::Image map_picture(const scenes::Scene& scene);

}  // namespace lateral::host::demo
