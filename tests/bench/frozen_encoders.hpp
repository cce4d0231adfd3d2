#pragma once
// Small public encoders with their public weights, as published and frozen: what the senses of `./dev bench
// senses` see with. Every function takes and gives float tensors on the CPU, without gradients.

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>

namespace lateral::bench {

/// Tensors of a safetensors file by name.
class Weights {
 public:
  explicit Weights(const std::filesystem::path& file);
  const at::Tensor& operator[](const std::string& name) const { return tensors_.at(name); }

 private:
  std::map<std::string, at::Tensor> tensors_;
};

/// ResNet-20 (He et al. 2016) trained on CIFAR-10, up to its second stage: pictures [n, 3, 32, 32] in [0, 1]
/// become 16 tokens of width 32, one for each 8 x 8 pixels. The third stage knows ten kinds of things, the
/// second edges and shapes.
at::Tensor resnet20(const Weights& weights, const at::Tensor& pictures);

/// Mel-frequency cepstra of one second at 16 kHz: samples [16000] -> [101, 40].
at::Tensor cepstra(const Weights& tables, const at::Tensor& samples);

/// honk's res8 (Tang and Lin 2018): cepstra [n, 101, 40] become the maps behind its convolution `depth` of 6,
/// averaged over frequency and over `stretches` of time: [n, stretches, 45].
at::Tensor res8(const Weights& weights, const at::Tensor& cepstra, int depth, std::int64_t stretches);

/// LIMU-BERT (Xu et al. 2021): windows [n, 120, 6] of acceleration (g) and rotation (rad/s), averaged over
/// six stretches: [n, 6, 72].
at::Tensor limu_bert(const Weights& weights, const at::Tensor& windows);

}  // namespace lateral::bench
