#include "host/demo/moments.hpp"

#include <set>
#include <span>
#include <string>

#include "models/scenes/camera.hpp"
#include "models/scenes/lidar.hpp"
#include "models/scenes/question.hpp"

namespace lateral::host::demo {
namespace {

template <typename T>
std::vector<std::byte> bytes_of(const std::vector<T>& values) {
  const auto bytes = std::as_bytes(std::span(values));
  return {bytes.begin(), bytes.end()};
}

// Different ones: the endless series about a scene repeats itself, and a question asked twice counts twice.
std::vector<runtime::Question> questions_about(const scenes::Scene& scene, int count) {
  std::vector<runtime::Question> questions;
  std::set<std::string> asked;
  for (std::uint64_t number = 0; static_cast<int>(questions.size()) < count; ++number) {
    const scenes::Question question = scenes::ask(scene, number);
    if (!asked.insert(question.text).second) continue;
    questions.push_back({question.text, question.answer, std::string(scenes::name_of(question.type))});
  }
  return questions;
}

}  // namespace

runtime::SensorData camera_data(const scenes::Scene& scene, bool night) {
  const scenes::Ring ring = scenes::render_camera(scene, {.night = night});
  runtime::SensorInput input{.name = "image",
                             .kind = plugin::InputKind::Image,
                             .shape = {scenes::kViews, ring.height, ring.width, 3},
                             .bytes = bytes_of(ring.pixels),
                             .columns = {},
                             .rate_hz = 0};
  return {.id = {}, .inputs = {std::move(input)}};
}

runtime::SensorData lidar_data(const scenes::Scene& scene) {
  const scenes::PointCloud cloud = scenes::render_lidar(scene);
  constexpr auto& kColumns = scenes::PointCloud::kColumns;
  runtime::SensorInput input{
      .name = "points",
      .kind = plugin::InputKind::Points,
      .shape = {static_cast<std::int64_t>(cloud.count()), static_cast<std::int64_t>(kColumns.size())},
      .bytes = bytes_of(cloud.values),
      .columns = {kColumns.begin(), kColumns.end()},
      .rate_hz = 0};
  return {.id = {}, .inputs = {std::move(input)}};
}

std::vector<runtime::Recording> moments(const MomentOptions& options) {
  std::vector<runtime::Recording> recordings;
  for (int i = 0; i < options.scenes; ++i) {
    const std::uint64_t index = options.first + static_cast<std::uint64_t>(i);
    const scenes::Scene asked = scenes::make_scene(options.seed, index);
    const scenes::Scene seen = options.constant ? scenes::make_scene(options.seed, options.first) : asked;
    runtime::Recording recording{.id = std::to_string(options.seed) + "/" + std::to_string(index),
                                 .split = options.split,
                                 .senses = {},
                                 .questions = questions_about(asked, options.questions)};
    if (!options.answers) {
      for (auto& question : recording.questions) question.answer.clear();
    }
    if (options.camera)
      recording.senses["camera"] = [seen, night = options.night] { return camera_data(seen, night); };
    if (options.lidar) recording.senses["lidar"] = [seen] { return lidar_data(seen); };
    recordings.push_back(std::move(recording));
  }
  return recordings;
}

}  // namespace lateral::host::demo
