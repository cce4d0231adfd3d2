#pragma once
// The tables of nuScenes (devkit, schema v1.0: scene, sample, sample_data, calibrated_sensor, sensor), as
// much of them as says which files were recorded at which keyframe. The large tables are read record by
// record: what stays in memory are the keyframes' files of the wanted channels.

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/dataset/work.hpp"

namespace lateral::dataset {

struct NuScenesScene {
  std::string name, description;
};

struct NuScenesKeyframe {
  std::string token, scene;    ///< tokens
  std::int64_t timestamp = 0;  ///< microseconds
  /// Channel -> file, relative to the data's root; only wanted channels that were recorded.
  std::map<std::string, std::string> files;
};

struct NuScenesTables {
  std::unordered_map<std::string, NuScenesScene> scenes;  ///< by token
  std::vector<NuScenesKeyframe> keyframes;                ///< by scene name, then time
};

/// `folder` is e.g. ROOT/v1.0-mini. File names that are absolute or leave the root (`..`) are refused. Throws
/// NotFound (a table is missing), Corrupt (naming table and record: missing members, a token that points
/// nowhere, two files of one channel at one keyframe), ResourceExhausted, Cancelled.
NuScenesTables read_nuscenes_tables(const std::filesystem::path& folder,
                                    const std::set<std::string>& channels, const Work& work);

/// The scenes alone.
std::unordered_map<std::string, NuScenesScene> read_nuscenes_scenes(const std::filesystem::path& folder,
                                                                    const Work& work);

/// The one version folder (v1.0-mini, v1.0-trainval, v1.0-test) below `root`, or the named one.
/// Throws NotFound, and InvalidArgument when there are several and none is named.
std::filesystem::path nuscenes_version(const std::filesystem::path& root, const std::string& version);

}  // namespace lateral::dataset
