#pragma once
// A nuScenes of a few keyframes, made by the tests: tables as the devkit has them, and small files.

#include <string>
#include <vector>

#include "core/dataset/frames.hpp"
#include "tests/support/files.hpp"

namespace lateral::test {

struct NuScenesWorld : TemporaryFolder {
  /// Scene 0 is a day, 1 a rainy night; each has `keyframes`.
  explicit NuScenesWorld(int keyframes = 2) {
    std::filesystem::create_directories(tables());
    write_table("scene", {scene(0, "Parked cars, turn left"), scene(1, "Night, after RAIN, big street")});
    std::vector<std::string> sensors, calibrated, samples, data;
    std::vector<std::string> channels = dataset::clockwise_views();
    channels.emplace_back("LIDAR_TOP");
    channels.emplace_back("RADAR_FRONT");
    for (const std::string& channel : channels) {
      sensors.push_back(R"({"token": "s)" + channel + R"(", "channel": ")" + channel +
                        R"(", "modality": "x"})");
      calibrated.push_back(R"({"token": "c)" + channel + R"(", "sensor_token": "s)" + channel +
                           R"(", "translation": [0.94, 0.0, 1.84], "camera_intrinsic": [[1.0]]})");
      std::filesystem::create_directories(*this / "samples" / channel);
    }
    for (int i = 0; i < 2 * keyframes; ++i) {
      const std::string token = token_of(i);
      // The later of a scene comes first, to be put in order by its time.
      samples.push_back(R"({"token": ")" + token + R"(", "timestamp": )" + std::to_string(1000 - i) +
                        R"(, "prev": "", "next": "", "scene_token": "scene)" + std::to_string(i / keyframes) +
                        "\"}");
      for (const std::string& channel : channels) {
        const std::string file =
            "samples/" + channel + "/" + token + (channel.starts_with("CAM") ? ".jpg" : ".pcd.bin");
        data.push_back(data_record(token, channel, file, true));
        data.push_back(data_record(token, channel, "sweeps/" + channel + "/" + token, false));
        write_file(*this / file, std::string(20, static_cast<char>('a' + i)) + channel);
      }
    }
    write_table("sensor", sensors);
    write_table("calibrated_sensor", calibrated);
    write_table("sample", samples);
    write_table("sample_data", data);
  }

  static std::string token_of(int keyframe) { return "keyframe" + std::to_string(keyframe); }
  std::filesystem::path tables() const { return *this / "v1.0-mini"; }
  std::filesystem::path file(const std::string& channel, int keyframe) const {
    return *this / "samples" / channel /
           (token_of(keyframe) + (channel.starts_with("CAM") ? ".jpg" : ".pcd.bin"));
  }

  static std::string scene(int number, const std::string& description) {
    const std::string n = std::to_string(number);
    return R"({"token": "scene)" + n + R"(", "name": "scene-000)" + n +
           R"(", "nbr_samples": 2, "description": ")" + description + "\"}";
  }
  static std::string data_record(const std::string& token, const std::string& channel,
                                 const std::string& file, bool key) {
    return R"({"token": "d", "sample_token": ")" + token + R"(", "calibrated_sensor_token": "c)" + channel +
           R"(", "ego_pose_token": "e", "timestamp": 5, "is_key_frame": )" + (key ? "true" : "false") +
           R"(, "filename": ")" + file + "\"}";
  }
  void write_table(const std::string& name, const std::vector<std::string>& records) const {
    std::string text = "[\n";
    for (std::size_t i = 0; i < records.size(); ++i) text += (i == 0 ? "" : ",\n") + records[i];
    write_file(tables() / (name + ".json"), text + "\n]");
  }
  /// A file of NuScenes-QA.
  std::filesystem::path write_questions(const std::string& name,
                                        const std::vector<std::string>& records) const {
    std::string text = R"({"info": {"questions": ["[", {"version": "1.0"}]}, "questions": [)";
    for (std::size_t i = 0; i < records.size(); ++i) text += (i == 0 ? "" : ", ") + records[i];
    write_file(*this / name, text + "]}");
    return *this / name;
  }
  static std::string question(int keyframe, const std::string& text, const std::string& answer,
                              const std::string& split = "train") {
    return R"({"split": ")" + split + R"(", "sample_token": ")" + token_of(keyframe) + R"(", "question": ")" +
           text + R"(", "answer": ")" + answer + R"(", "num_hop": 0, "template_type": "exist"})";
  }
};

}  // namespace lateral::test
