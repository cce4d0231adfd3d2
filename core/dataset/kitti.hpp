#pragma once
// KITTI's object frames: a picture, a sweep (x y z intensity) and labelled boxes, of which questions are
// made.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/random.hpp"
#include "core/dataset/frames.hpp"

namespace lateral::dataset {

struct KittiImport {
  /// Holds image_2/, velodyne/ and label_2/, or a folder training/ that does. Frames without a label file
  /// have no questions.
  std::filesystem::path root;
  /// Where ImageSets/train.txt and ImageSets/val.txt (one frame a line) lie beside the frames they are the split
  /// ("val" as "test"), because they keep drives apart. Otherwise `frames.split` is, frame by frame.
  bool published_split = true;
  std::uint64_t seed = 1;  ///< of the classes that are asked about though they are absent
  FrameImport frames;
};

/// Throws NotFound, Corrupt (naming file and line), and as add_frames().
void import_kitti(const KittiImport& import, Collection& collection, const Work& work);

/// How many objects of each class (in words, e.g. "sitting person") a label file has; "DontCare" and "Misc"
/// are no classes. `name` is for messages. Throws Corrupt naming the line: a line is a class and 14 numbers,
/// of results 15.
std::map<std::string, std::int64_t> parse_kitti_labels(std::string_view text, std::string_view name);

struct KittiQuestion {
  std::string question, answer, type;
};

/// "is there a car?" (existence) about each class that is there, and as many that are not; "how many cars are
/// there?" (counting) about each class that is there and one that is not. What is absent is drawn from
/// `random`.
std::vector<KittiQuestion> kitti_questions(const std::map<std::string, std::int64_t>& counts, Random random);

}  // namespace lateral::dataset
