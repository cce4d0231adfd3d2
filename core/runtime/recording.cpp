#include "core/runtime/recording.hpp"

#include <memory>
#include <utility>

namespace lateral::runtime {
namespace {

// What reading one plugin's files takes; shared by all moments.
struct Reader {
  plugin::EncoderSpec encoder;
  std::vector<std::string> bin_columns;
};
using Readers = std::map<std::string, std::shared_ptr<const Reader>>;  // null: that plugin is not loaded

// "camera.views" -> {"camera", "views"}; "camera" -> {"camera", ""}. A dot may also belong to the id itself, so a
// loaded plugin of the whole name comes first.
std::pair<std::string, std::string> plugin_and_input(const std::string& name, bool is_plugin) {
  const std::size_t dot = name.rfind('.');
  if (is_plugin || dot == std::string::npos) return {name, ""};
  return {name.substr(0, dot), name.substr(dot + 1)};
}

}  // namespace

std::vector<Recording> recordings_of(
    const format::SampleSet& set,
    const std::function<std::optional<plugin::EncoderSpec>(const std::string&)>& encoder_of,
    const std::function<std::vector<std::string>(const std::string&)>& bin_columns_of) {
  Readers readers;
  const auto reader_of = [&](const std::string& plugin) {
    const auto [found, is_new] = readers.try_emplace(plugin);
    if (is_new) {
      if (auto encoder = encoder_of(plugin)) {
        found->second = std::make_shared<const Reader>(Reader{std::move(*encoder), bin_columns_of(plugin)});
      }
    }
    return found->second;
  };
  std::vector<Recording> recordings;
  for (const format::Moment& moment : format::moments_of(set)) {
    Recording recording{.id = moment.id, .split = moment.split, .senses = {}, .questions = {}};
    std::map<std::string, InputFiles> files;
    for (const auto& [name, paths] : moment.inputs) {
      const auto [plugin, input] = plugin_and_input(name, reader_of(name) != nullptr);
      files[plugin][input] = paths;
    }
    for (const auto& [plugin, inputs] : files) {
      const auto reader = reader_of(plugin);
      if (reader == nullptr) continue;
      recording.senses[plugin] = [reader, inputs = inputs] {
        return read_sensor_files(reader->encoder, inputs, reader->bin_columns);
      };
    }
    for (const std::size_t index : moment.samples) {
      const format::Sample& sample = set.samples[index];
      if (!sample.question.empty())
        recording.questions.push_back({sample.question, sample.answer, sample.type});
    }
    recordings.push_back(std::move(recording));
  }
  return recordings;
}

}  // namespace lateral::runtime
