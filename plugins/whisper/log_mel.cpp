#include "plugins/whisper/log_mel.hpp"

#include <ATen/ATen.h>

#include "plugins/whisper/mel_bank.hpp"

namespace lateral::plugins {

LogMel::LogMel(const WhisperConfig& config)
    : window_(config.window()),
      transform_(config.transform),
      hop_(config.hop),
      hann_(at::hann_window(config.transform)) {
  const std::int64_t bins = config.transform / 2 + 1;
  bank_ = at::tensor(mel_bank(config.mels, bins, static_cast<double>(config.rate))).view({config.mels, bins});
}

at::Tensor LogMel::operator()(const at::Tensor& samples) const {
  const at::Tensor padded = at::constant_pad_nd(samples, {0, window_ - samples.size(0)});
  const at::Tensor spectrum =
      at::stft(padded, transform_, hop_, transform_, hann_, /*center=*/true, "reflect",
               /*normalized=*/false, /*onesided=*/true, /*return_complex=*/true);
  const at::Tensor power = spectrum.slice(1, 0, -1).abs().square();  // the last frame lies beyond the end
  const at::Tensor log = at::matmul(bank_, power).clamp_min(1e-10).log10();
  return (at::maximum(log, log.max() - 8) + 4) / 4;
}

}  // namespace lateral::plugins
