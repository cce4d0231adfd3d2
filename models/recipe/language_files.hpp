#pragma once
// The language model on disk, as a Hugging Face directory that lateral and transformers read.

#include <filesystem>

#include "core/model/decoder.hpp"

namespace lateral::recipe {

/// config.json, model.safetensors in half precision, and
/// lateral.json, which says how the model wants to be asked. Throws Io.
void save_language(const model::Decoder& decoder, const std::filesystem::path& folder);

}  // namespace lateral::recipe
