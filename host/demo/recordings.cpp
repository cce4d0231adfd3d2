#include "host/demo/recordings.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/file.hpp"
#include "core/format/image.hpp"
#include "core/format/json.hpp"
#include "host/demo/moments.hpp"

namespace lateral::host::demo {
namespace {

// A series of its own, far from those of the story.
constexpr std::uint64_t kTrainScenes = 8'000'000, kTestScenes = 9'000'000;

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The names of the files, relative to the folder.
std::vector<std::string> write_views(const std::filesystem::path& folder, const std::string& stem,
                                     const runtime::SensorInput& input) {
  const auto height = static_cast<int>(input.shape[1]), width = static_cast<int>(input.shape[2]);
  const std::size_t view_bytes = input.bytes.size() / static_cast<std::size_t>(input.shape[0]);
  std::vector<std::string> names;
  for (std::size_t view = 0; view * view_bytes < input.bytes.size(); ++view) {
    const auto* const begin = reinterpret_cast<const std::uint8_t*>(input.bytes.data()) + view * view_bytes;
    names.push_back("camera/" + stem + "-" + std::to_string(view) + ".png");
    write_atomically(folder / names.back(),
                     as_text(format::encode_png({height, width, {begin, begin + view_bytes}})));
  }
  return names;
}

std::string write_points(const std::filesystem::path& folder, const std::string& stem,
                         const runtime::SensorInput& input) {
  std::string name = "lidar/" + stem + ".bin";
  write_atomically(folder / name, as_text(input.bytes));
  return name;
}

std::string lines_of(const std::filesystem::path& folder, const runtime::Recording& recording,
                     const std::string& stem) {
  const auto views = write_views(folder, stem, recording.senses.at("camera")().inputs.front());
  const auto points = write_points(folder, stem, recording.senses.at("lidar")().inputs.front());
  std::string lines;
  for (const runtime::Question& question : recording.questions) {
    format::json::Writer json;
    json.begin_object().member("id", stem).member("split", recording.split);
    json.key("inputs").begin_object().key("camera").begin_array();
    for (const std::string& view : views) json.value(view);
    json.end_array().member("lidar", points).end_object();
    json.member("question", question.text)
        .member("answer", question.answer)
        .member("type", question.type)
        .end_object();
    lines += std::move(json).text() + "\n";
  }
  return lines;
}

}  // namespace

void write_recordings(const std::filesystem::path& folder, std::uint64_t seed, const CancelToken& cancel) {
  std::filesystem::create_directories(folder / "camera");
  std::filesystem::create_directories(folder / "lidar");
  std::filesystem::remove(folder / "samples.jsonl");
  std::string lines;
  for (const MomentOptions& part : {MomentOptions{.seed = seed,
                                   .first = kTrainScenes,
                                   .scenes = 100,
                                   .split = "train",
                                   .camera = true,
                                   .lidar = true},
                                    MomentOptions{.seed = seed,
                                    .first = kTestScenes,
                                    .scenes = 40,
                                    .split = "test",
                                    .camera = true,
                                    .lidar = true}}) {
    int number = 0;
    for (const runtime::Recording& recording : moments(part)) {
      cancel.check("demo");
      lines += lines_of(folder, recording, part.split + "-" + std::to_string(number++));
    }
  }
  write_atomically(folder / "samples.jsonl", lines);
}

}  // namespace lateral::host::demo
