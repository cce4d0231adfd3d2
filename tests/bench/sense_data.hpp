#pragma once
// Real recordings as the senses of `./dev bench senses` learn them: what a sensor gave, a name for each moment,
// and who or what was recorded, so that nobody is asked about whom something was learned from.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/runtime/sensor_data.hpp"

namespace lateral::bench {

struct Moments {
  std::vector<runtime::SensorInput> inputs;  ///< one each
  std::vector<std::int64_t> labels;          ///< numbers of names
  std::vector<std::int64_t> groups;          ///< speakers, subjects, tracks
};

struct Sense {
  std::string name;                ///< of its instance of a plugin: "signs", "words", "digits", "motion"
  std::string plugin;              ///< TOML: the lines of its table [plugin.NAME]
  std::string question;            ///< one for all moments
  std::vector<std::string> names;  ///< of the classes: the answers
  Moments known;                   ///< at most 500 moments to learn from
  Moments asked;                   ///< of other tracks, speakers or subjects
};

struct DataPlan {
  std::filesystem::path data;  ///< holds gtsrb32, speech_commands, fsdd, imu_har and weights
  std::filesystem::path
      held_out;  ///< the same sets of others, all of which are asked; empty: some of `data` are
  std::filesystem::path encoders;  ///< a folder for the TorchScript files that the senses see with
  std::uint64_t seed = 0;          ///< which moments are learned from, and who is asked
  std::int64_t most = 500;         ///< moments to learn from
  std::int64_t most_asked = 600;
};

/// Throws what reading throws.
Sense traffic_signs(const DataPlan& plan);
Sense spoken_words(const DataPlan& plan);
Sense spoken_digits(const DataPlan& plan);
Sense activities(const DataPlan& plan);

}  // namespace lateral::bench
