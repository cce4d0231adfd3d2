#include "core/dataset/nuscenes_tables.hpp"

#include <algorithm>
#include <functional>
#include <tuple>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/dataset/table_values.hpp"
#include "core/format/json_records.hpp"

namespace lateral::dataset {
namespace {

using format::json::Value;
using Tokens = std::unordered_map<std::string, std::string>;

constexpr std::int64_t kMaxRecords = 16LL << 20U;

std::string token_in(const Value& record, const char* member = "token") {
  return token_of(record.at(member));
}

void read_table(const std::filesystem::path& folder, const std::string& name, const Work& work,
                const std::function<void(const Value&)>& each) {
  std::int64_t records = 0;
  const auto counted = [&](const Value& record) {
    if (++records > kMaxRecords)
      fail(Errc::ResourceExhausted, "nuscenes", name, ".json has more than ", kMaxRecords, " records");
    each(record);
  };
  format::json::for_each_record({.path = folder / (name + ".json")}, counted,
                                [&](std::int64_t done, std::int64_t total) {
                                  work.at("reading " + name + ".json", done >> 20U, total >> 20U);
                                });
}

/// Calibrated sensor -> channel, for the wanted channels; the others map to "".
Tokens channels_by_calibration(const std::filesystem::path& folder, const std::set<std::string>& wanted,
                               const Work& work) {
  Tokens channels, by_calibration;
  read_table(folder, "sensor", work, [&](const Value& record) {
    const std::string channel(record.at("channel").as_string());
    channels[token_in(record)] = wanted.contains(channel) ? channel : "";
  });
  read_table(folder, "calibrated_sensor", work, [&](const Value& record) {
    const auto sensor = channels.find(token_in(record, "sensor_token"));
    if (sensor == channels.end()) record.at("sensor_token").reject("a token of sensor.json");
    by_calibration[token_in(record)] = sensor->second;
  });
  return by_calibration;
}

using KeyframeIndex = std::unordered_map<std::string, std::size_t>;

KeyframeIndex read_keyframes(const std::filesystem::path& folder, NuScenesTables& tables, const Work& work) {
  KeyframeIndex index;
  read_table(folder, "sample", work, [&](const Value& record) {
    NuScenesKeyframe keyframe{
        token_in(record), token_in(record, "scene_token"), record.at("timestamp").as_int(0), {}};
    if (!tables.scenes.contains(keyframe.scene)) record.at("scene_token").reject("a token of scene.json");
    if (!index.emplace(keyframe.token, tables.keyframes.size()).second)
      record.at("token").reject("a token that was not there before");
    tables.keyframes.push_back(std::move(keyframe));
  });
  return index;
}

void read_files(const std::filesystem::path& folder, const Tokens& channels, const KeyframeIndex& index,
                NuScenesTables& tables, const Work& work) {
  read_table(folder, "sample_data", work, [&](const Value& record) {
    if (!record.at("is_key_frame").as_bool()) return;
    const auto channel = channels.find(token_in(record, "calibrated_sensor_token"));
    if (channel == channels.end())
      record.at("calibrated_sensor_token").reject("a token of calibrated_sensor.json");
    if (channel->second.empty()) return;
    const auto keyframe = index.find(token_in(record, "sample_token"));
    if (keyframe == index.end()) record.at("sample_token").reject("a token of sample.json");
    auto& files = tables.keyframes[keyframe->second].files;
    if (!files.emplace(channel->second, path_inside(record.at("filename"))).second)
      record.reject("one file of " + channel->second + " for this keyframe");
  });
}

}  // namespace

std::unordered_map<std::string, NuScenesScene> read_nuscenes_scenes(const std::filesystem::path& folder,
                                                                    const Work& work) {
  std::unordered_map<std::string, NuScenesScene> scenes;
  read_table(folder, "scene", work, [&](const Value& record) {
    NuScenesScene scene{std::string(record.at("name").as_string()),
                        std::string(record.at("description").as_string())};
    if (!scenes.emplace(token_in(record), std::move(scene)).second)
      record.at("token").reject("a token that was not there before");
  });
  return scenes;
}

NuScenesTables read_nuscenes_tables(const std::filesystem::path& folder,
                                    const std::set<std::string>& channels, const Work& work) {
  NuScenesTables tables{read_nuscenes_scenes(folder, work), {}};
  const auto index = read_keyframes(folder, tables, work);
  read_files(folder, channels_by_calibration(folder, channels, work), index, tables, work);
  std::sort(tables.keyframes.begin(), tables.keyframes.end(),
            [&](const NuScenesKeyframe& a, const NuScenesKeyframe& b) {
              const auto key = [&](const NuScenesKeyframe& keyframe) {
                return std::tie(tables.scenes.at(keyframe.scene).name, keyframe.timestamp, keyframe.token);
              };
              return key(a) < key(b);
            });
  return tables;
}

std::filesystem::path nuscenes_version(const std::filesystem::path& root, const std::string& version) {
  std::error_code error;
  if (!std::filesystem::is_directory(root, error))
    fail(Errc::NotFound, "nuscenes", root.string(), " is no folder");
  if (!version.empty()) {
    if (std::filesystem::is_directory(root / version, error)) return root / version;
    fail(Errc::NotFound, "nuscenes", (root / version).string(), " is not there");
  }
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(root)) {
    if (entry.path().filename().string().starts_with("v1.0-") && entry.is_directory(error))
      found.push_back(entry.path());
  }
  if (found.empty()) {
    fail(Errc::NotFound, "nuscenes", root.string(),
         " has no folder of tables (v1.0-mini, v1.0-trainval); name the folder that holds it");
  }
  if (found.size() > 1)
    fail(Errc::InvalidArgument, "nuscenes", root.string(),
         " has several versions; name one: --version v1.0-mini");
  return found.front();
}

}  // namespace lateral::dataset
