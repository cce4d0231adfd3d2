#pragma once
// Keyframes of a drive as moments: what nuScenes, DriveLM and KITTI share.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/dataset/collection.hpp"
#include "core/dataset/split_rule.hpp"
#include "core/dataset/work.hpp"

namespace lateral::dataset {

enum class Condition { Any, Day, Night, Clear, Rain };

/// "day", "night", "clear", "rain"; nothing for another word.
std::optional<Condition> condition_named(std::string_view name);

/// Whether a scene of this description is one of `wanted`: night or rain where one of its words says so
/// ("rainy", not "train"), in any case of letters; day or clear where none does.
bool is_of(Condition wanted, std::string_view description);

enum class SplitBy {
  Scene,   ///< neighbouring keyframes look alike: the honest way
  Moment,  ///< keyframes of one scene in several splits, as in mPnP-LLM
};

/// What the senses are called in samples.jsonl; an empty name leaves that sense out.
struct SenseNames {
  std::string camera = "camera", lidar = "lidar";
};

/// One keyframe with absolute paths.
struct Frame {
  struct Picture {
    std::filesystem::path file, name;  ///< `name`: relative path inside the data set
  };
  std::string id, scene;
  std::string split;  ///< where the data say it; empty: by the rule
  std::vector<Picture> views;
  std::optional<std::filesystem::path> sweep;
};

struct FrameImport {
  SenseNames senses;
  SplitBy split_by = SplitBy::Scene;
  SplitRule split;
  bool night_pictures = false;  ///< the pictures' night (pictures.hpp) instead of the pictures
  std::filesystem::path out;    ///< where changed pictures are written
};

/// Adds the frames as moments, in their order. Frames with a file that is missing are left out.
/// Throws as split_groups(), and Cancelled.
void add_frames(Collection& collection, const std::vector<Frame>& frames, const FrameImport& import,
                const Work& work);

/// The channels of nuScenes' cameras clockwise from ahead, which is the order of the bundled camera's views.
const std::vector<std::string>& clockwise_views();

}  // namespace lateral::dataset
