#pragma once
// Whisper's logarithmic spectrogram.

#include <ATen/core/Tensor.h>

#include "plugins/whisper/whisper_config.hpp"

namespace lateral::plugins {

class LogMel {
 public:
  explicit LogMel(const WhisperConfig& config);

  /// Samples [n] with n at most config.window(), followed by silence to its end, as [mels, 2 positions]: power in each
  /// mel band, its decimal logarithm, nothing more than 8 below the largest of the window, then (x + 4) / 4.
  at::Tensor operator()(const at::Tensor& samples) const;

 private:
  std::int64_t window_, transform_, hop_;
  at::Tensor hann_, bank_;
};

}  // namespace lateral::plugins
