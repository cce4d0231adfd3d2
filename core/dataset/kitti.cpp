#include "core/dataset/kitti.hpp"

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/hash.hpp"
#include "core/dataset/folder.hpp"

namespace lateral::dataset {
namespace {

constexpr std::uint64_t kMaxTextBytes = 4U << 20U;

/// Where the frames' folders are.
std::filesystem::path frames_folder(const std::filesystem::path& root) {
  for (const auto& folder : {root, root / "training"}) {
    if (std::filesystem::is_directory(folder / "image_2") ||
        std::filesystem::is_directory(folder / "velodyne"))
      return folder;
  }
  fail(Errc::NotFound, "kitti", root.string(),
       " has neither image_2/ nor velodyne/, and so has its folder training/; name the folder that holds "
       "them");
}

/// Frames listed in ImageSets/NAME.txt.
void read_list(const std::filesystem::path& folder, const std::string& name, const std::string& split,
               std::map<std::string, std::string>& splits) {
  const auto file = folder / "ImageSets" / (name + ".txt");
  const std::string text = read_text(file, kMaxTextBytes);
  std::string frame;
  const auto add = [&] {
    if (!frame.empty() && !splits.emplace(frame, split).second)
      fail(Errc::Corrupt, "kitti", file.string(), " names frame ", frame, ", which has its split already");
    frame.clear();
  };
  for (const char c : text) {
    if (c == '\n' || c == '\r' || c == ' ')
      add();
    else
      frame += c;
  }
  add();
}

std::map<std::string, std::string> published_splits(const std::filesystem::path& folder) {
  std::map<std::string, std::string> splits;
  for (const auto& place : {folder, folder.parent_path()}) {
    if (!std::filesystem::is_regular_file(place / "ImageSets/train.txt")) continue;
    read_list(place, "train", "train", splits);
    read_list(place, "val", "test", splits);
    break;
  }
  return splits;
}

/// Names of the frames, without endings, in order.
std::set<std::string> frame_names(const std::filesystem::path& folder, const Work& work) {
  std::set<std::string> names;
  for (const char* const part : {"image_2", "velodyne"}) {
    if (!std::filesystem::is_directory(folder / part)) continue;
    for (const std::string& file : files_below(folder / part, work))
      names.insert(std::filesystem::path(file).stem().string());
  }
  return names;
}

Frame frame_of(const std::string& name, const std::filesystem::path& folder) {
  Frame frame{.id = name, .scene = name, .split = {}, .views = {}, .sweep = {}};
  for (const char* const ending : {".png", ".jpg"}) {
    const auto picture = std::filesystem::path("image_2") / (name + ending);
    if (!std::filesystem::exists(folder / picture)) continue;
    frame.views.push_back({folder / picture, picture});
    break;
  }
  const auto sweep = folder / "velodyne" / (name + ".bin");
  if (std::filesystem::exists(sweep)) frame.sweep = sweep;
  return frame;
}

bool is_whole(const Frame& frame, const SenseNames& senses) {
  return (senses.camera.empty() || !frame.views.empty()) && (senses.lidar.empty() || frame.sweep.has_value());
}

}  // namespace

void import_kitti(const KittiImport& import, Collection& collection, const Work& work) {
  const auto folder = frames_folder(std::filesystem::absolute(import.root).lexically_normal());
  const auto splits =
      import.published_split ? published_splits(folder) : std::map<std::string, std::string>();
  std::vector<Frame> frames;
  for (const std::string& name : frame_names(folder, work)) {
    Frame frame = frame_of(name, folder);
    const auto split = splits.find(name);
    if (!is_whole(frame, import.frames.senses)) {
      collection.leave_out("frames without one of the sensors", name);
    } else if (!splits.empty() && split == splits.end()) {
      collection.leave_out("frames that are in no list of ImageSets", name);
    } else {
      if (split != splits.end()) frame.split = split->second;
      frames.push_back(std::move(frame));
    }
  }
  add_frames(collection, frames, import.frames, work);
  for (const Frame& frame : frames) {
    const auto labels = folder / "label_2" / (frame.id + ".txt");
    if (!collection.has(frame.id) || !std::filesystem::exists(labels)) continue;
    work.cancel.check("import");
    const auto counts = parse_kitti_labels(read_text(labels, kMaxTextBytes), labels.string());
    const std::uint64_t stream = Hash64().add(frame.id).value();
    for (auto& [question, answer, type] : kitti_questions(counts, Random(import.seed, stream)))
      collection.ask(collection.find(frame.id), question, answer, type);
  }
}

}  // namespace lateral::dataset
