#pragma once
// A directory of an encoder, as `lateral model show` tells it from a language model.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace lateral::host {

struct EncoderFolder {
  std::string family;  ///< `model_type`
  std::string plugin;  ///< the id of the plugin that takes such a directory
  /// What its config.json says of the part that encodes, by the words of transformers ("hidden_size"); what
  /// is not said there has transformers' default.
  std::map<std::string, std::int64_t> sizes;
  std::int64_t tensors = 0, bytes = 0,
               parameters = 0;  ///< of all weight files, the parts that are not used included
  std::map<std::string, std::int64_t> tensors_by_type;
};

/// Nothing when config.json is of no encoder that a bundled plugin takes.
/// Throws NotFound (no config.json, no safetensors) and Corrupt.
std::optional<EncoderFolder> read_encoder_folder(const std::filesystem::path& folder);

/// "clip, deit, ...": what read_encoder_folder() knows.
std::string encoder_list();

/// For people, and one JSON object.
std::string text_of(const std::filesystem::path& folder, const EncoderFolder& encoder);
std::string json_of(const std::filesystem::path& folder, const EncoderFolder& encoder);

}  // namespace lateral::host
