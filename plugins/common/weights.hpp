#pragma once
// Weights from a .safetensors file (github.com/huggingface/safetensors: u64 header length, JSON header,
// data). Plugins depend on the plugin API alone, so they have a reader of their own: only what encoders need,
// every number checked before it is used.
//
// Thread safety: loaded once, then constant.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lateral::plugins {

struct Array {
  std::vector<std::int64_t> shape;
  std::vector<float> values;  ///< row-major; F16 files are widened
};

class Weights {
 public:
  /// Reads the whole file. Throws sdk::Error: LAT_NOT_FOUND when it cannot be opened, LAT_DATA_LOSS when it
  /// is not such a file, is cut short, larger than 64 MiB, or holds anything but finite F16 and F32 numbers.
  static Weights load(const std::string& path);
  /// The same from memory; `name` appears in messages.
  static Weights parse(std::string_view bytes, const std::string& name);

  /// Throws LAT_DATA_LOSS when it is missing or has another shape; -1 in `shape` stands for any size.
  const Array& get(const std::string& name, const std::vector<std::int64_t>& shape) const;
  /// A text from the file's metadata. Throws LAT_DATA_LOSS when it is missing.
  const std::string& note(const std::string& key) const;

 private:
  std::string file_;
  std::map<std::string, Array> arrays_;
  std::map<std::string, std::string> notes_;
};

}  // namespace lateral::plugins
