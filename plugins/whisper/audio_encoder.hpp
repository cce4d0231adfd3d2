#pragma once
// The encoder of a Whisper model.

#include <ATen/core/Tensor.h>

#include <functional>
#include <optional>
#include <vector>

#include "plugins/torch/layers.hpp"
#include "plugins/torch/weights.hpp"
#include "plugins/whisper/whisper_config.hpp"

namespace lateral::plugins {

class AudioEncoder {
 public:
  /// The first `layers` blocks, and after all of them the last norm. The weights' names may begin with "model.encoder.",
  /// "encoder." or nothing. Throws as Weights::take.
  AudioEncoder(Weights& weights, const WhisperConfig& config, std::int64_t layers);

  /// A spectrogram [mels, 2 n] with n at most config.positions as states [n, width]. `check` is called before each
  /// block and may throw.
  at::Tensor operator()(const at::Tensor& spectrogram, const std::function<void()>& check) const;

 private:
  std::int64_t heads_;
  Activation activation_;
  at::Tensor conv1_, conv1_bias_, conv2_, conv2_bias_, positions_;
  std::vector<EncoderBlock> blocks_;
  std::optional<LayerNorm> norm_;
};

}  // namespace lateral::plugins
