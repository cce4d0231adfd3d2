#pragma once
// Moments that several senses may have recorded, with questions about them: what adapting, teaching and evaluating
// work on.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/format/sample_set.hpp"
#include "core/plugin/encoder_spec.hpp"
#include "core/runtime/sensor_data.hpp"

namespace lateral::runtime {

struct Question {
  std::string text, answer, type;
};

struct Recording {
  std::string id;     ///< of the moment; unique
  std::string split;  ///< "train", "val" or "test"
  /// What each plugin's sensor saw, read when it is needed; a plugin that is not here recorded nothing.
  std::map<std::string, std::function<SensorData()>> senses;
  std::vector<Question> questions;
};

/// The moments of a data directory. An input named "camera" belongs to the plugin `camera`, "camera.views" to its
/// input `views`; ids may have dots, names of inputs may not. `encoder_of` gives the encoder of a loaded plugin, or
/// nothing for a plugin that is not loaded, whose inputs are then left out; `bin_columns_of` the declared columns of
/// its raw point files. Each is asked once a plugin.
std::vector<Recording> recordings_of(
    const format::SampleSet& set,
    const std::function<std::optional<plugin::EncoderSpec>(const std::string&)>& encoder_of,
    const std::function<std::vector<std::string>(const std::string&)>& bin_columns_of);

}  // namespace lateral::runtime
