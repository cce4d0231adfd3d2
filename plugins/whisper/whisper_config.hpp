#pragma once
// What a Hugging Face directory of a Whisper model says of its encoder and of the sound that it takes.

#include <cstdint>
#include <filesystem>

#include "plugins/torch/layers.hpp"

namespace lateral::plugins {

struct WhisperConfig {
  // config.json
  std::int64_t width = 0, layers = 0, heads = 0, inner = 0;
  std::int64_t mels = 0;
  std::int64_t positions = 0;  ///< of the encoder, one for each two frames of the spectrogram
  Activation activation = Activation::Gelu;
  // processor_config.json or preprocessor_config.json, or Whisper's own where neither is there
  std::int64_t rate = 16000;                ///< samples a second
  std::int64_t transform = 400, hop = 160;  ///< samples of a Fourier transform, and from one to the next

  std::int64_t samples_per_position() const { return 2 * hop; }
  std::int64_t window() const { return positions * samples_per_position(); }  ///< samples; Whisper's are 30 s
};

/// Throws lateral::Error: NotFound, Corrupt (malformed, sizes that do not agree), Unsupported (another model type, clips that
/// are not followed by silence, random noise or normalisation before the spectrogram).
WhisperConfig read_whisper_config(const std::filesystem::path& folder);

}  // namespace lateral::plugins
