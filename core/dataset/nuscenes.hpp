#pragma once
// nuScenes keyframes, and the questions that NuScenes-QA asks about them.

#include <filesystem>
#include <string>
#include <vector>

#include "core/dataset/frames.hpp"

namespace lateral::dataset {

struct NuScenesImport {
  std::filesystem::path root;  ///< holds samples/ and the folder of tables
  std::string version;         ///< e.g. "v1.0-mini"; empty: the only one there
  /// NuScenes_{train,val}_questions.json: {"questions": [{"sample_token", "question", "answer",
  /// "template_type", "num_hop", "split"}, ...]}. Empty: every keyframe becomes a moment without questions,
  /// to teach from.
  std::vector<std::filesystem::path> questions;
  std::vector<std::string> views = clockwise_views();  ///< camera channels, in order
  Condition condition = Condition::Any;
  /// Keyframes go where NuScenes-QA put their questions: "train", and its "val" as "test". Otherwise by
  /// `frames.split`.
  bool published_split = true;
  FrameImport frames;
};

/// The type of a question is its template and its number of hops: "exist-0".
/// Throws as read_nuscenes_tables() and add_frames(), and Corrupt for questions of another form.
void import_nuscenes(const NuScenesImport& import, Collection& collection, const Work& work);

}  // namespace lateral::dataset
