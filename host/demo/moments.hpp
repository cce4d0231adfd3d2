#pragma once
// Generated scenes as recordings: what the demo's senses see, and what it asks.

#include <cstdint>
#include <string>
#include <vector>

#include "core/runtime/recording.hpp"
#include "models/scenes/scene.hpp"

namespace lateral::host::demo {

/// Which scenes, and what is recorded of them.
struct MomentOptions {
  std::uint64_t seed = 0;
  std::uint64_t first = 0;  ///< index of the first scene in the series of this seed
  int scenes = 0;
  int questions = 5;  ///< about each scene
  std::string split;
  bool camera = false, lidar = false;
  bool night = false;
  bool answers = true;  ///< false: questions without their answers, for learning that must not see any
  bool constant =
      false;  ///< every sense sees the first scene, whatever is asked: the control of a blind adapter
};

/// Moments are rendered when a sense reads them. Ids are "SEED/INDEX", so the same scene by day and night has one id.
std::vector<runtime::Recording> moments(const MomentOptions& options);

runtime::SensorData camera_data(const scenes::Scene& scene, bool night);
runtime::SensorData lidar_data(const scenes::Scene& scene);

}  // namespace lateral::host::demo
