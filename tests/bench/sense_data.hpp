#pragma once
// Real recordings as the senses of `./dev bench senses` learn them: frozen encoders' tokens, a name for each,
// and who or what was recorded, so that nobody is asked about whom something was learned from.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/bench/baselines.hpp"

namespace lateral::bench {

struct SenseData {
  std::string sense;               ///< id of its plugin: "signs", "words", "digits", "motion"
  std::string question;            ///< one for all moments
  std::vector<std::string> names;  ///< of the classes: the answers
  Labelled known;                  ///< at most 500 moments to learn from
  Labelled asked;                  ///< of other tracks, speakers or subjects
};

struct DataPlan {
  std::filesystem::path data;  ///< holds gtsrb32, speech_commands, fsdd, imu_har and weights
  std::filesystem::path
      held_out;             ///< the same sets of others, all of which are asked; empty: some of `data` are
  std::uint64_t seed = 0;   ///< which moments are learned from, and who is asked
  std::int64_t most = 500;  ///< moments to learn from
  std::int64_t most_asked = 600;
};

/// Throws what reading throws.
SenseData traffic_signs(const DataPlan& plan);
SenseData spoken_words(const DataPlan& plan);
SenseData spoken_digits(const DataPlan& plan);
SenseData activities(const DataPlan& plan);

}  // namespace lateral::bench
