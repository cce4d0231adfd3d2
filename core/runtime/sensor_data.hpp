#pragma once
// What a sense recorded at one moment, decoded into the form its encoder declares, and owned.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/plugin/encoder_spec.hpp"
#include "core/plugin/sample.hpp"

namespace lateral::runtime {

/// One input with memory of its own; the fields mean what they mean in plugin::Input.
struct SensorInput {
  std::string name;
  plugin::InputKind kind = plugin::InputKind::Raw;
  std::vector<std::int64_t> shape;
  std::vector<std::byte> bytes;
  std::vector<std::string> columns;
  double rate_hz = 0;

  plugin::Input view() const;  ///< borrows this object's memory
};

struct SensorData {
  std::string id;  ///< names these very data, so that they are encoded once; empty = encode every time
  std::vector<SensorInput> inputs;

  std::vector<plugin::Input> views() const;
};

/// Files of one moment by input name; an encoder with a single input may be given under the empty name.
using InputFiles = std::map<std::string, std::vector<std::filesystem::path>>;

/// Decodes files into the inputs that `encoder` declares: several files of an image input are its views, in order, and
/// must be of one size. `bin_columns` names the columns of raw `.bin` point files. The id is made of the files' paths,
/// sizes and times. Throws InvalidArgument (an input the encoder does not have, one that is missing, too many files)
/// and whatever the readers throw.
SensorData read_sensor_files(const plugin::EncoderSpec& encoder, const InputFiles& files,
                             const std::vector<std::string>& bin_columns);

}  // namespace lateral::runtime
