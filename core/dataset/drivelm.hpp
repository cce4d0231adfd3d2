#pragma once
// DriveLM's questions about nuScenes keyframes: pictures, no LiDAR.

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "core/dataset/frames.hpp"

namespace lateral::dataset {

struct DriveLmImport {
  std::filesystem::path root;  ///< holds samples/
  std::filesystem::path questions;
  std::filesystem::path tables;  ///< a folder of nuScenes tables, to know the weather; may be empty
  std::vector<std::string> views = clockwise_views();
  Condition condition = Condition::Any;
  std::set<std::string> kinds{"perception", "prediction", "planning", "behavior"};
  int max_words = 4;  ///< longer answers are left out
  FrameImport frames;
};

/// Answers lose their full stop and begin with a small letter ("Yes." is "yes"), which makes classes of them.
/// An object in a question, "<c1,CAM_BACK,1088.3,497.5>", becomes the words that the file has for it: "the
/// brown SUV in the back camera". Questions with an object the file does not describe, or with an object in
/// the answer, are left out.
///
/// The condition of a scene is what the tables say of it. Without tables it goes by the car: of the published
/// sample, n008 drove in the rain and n015 on a clear day; other cars are refused with InvalidArgument.
///
/// Throws NotFound, Corrupt (naming the place), and as add_frames().
void import_drivelm(const DriveLmImport& import, Collection& collection, const Work& work);

/// An answer as it is learned from; empty when it has more words or names an object.
std::string short_answer(std::string_view answer, int max_words);

}  // namespace lateral::dataset
