#pragma once
// LIMU-BERT (Xu et al., SenSys 2021): a transformer over the readings of a motion sensor whose layers share one set of
// weights. Widths and the longest window come from the weights; heads and layers are not written there.

#include <ATen/core/Tensor.h>

#include "plugins/torch/layers.hpp"
#include "plugins/torch/weights.hpp"

namespace lateral::plugins {

class LimuBert {
 public:
  /// Throws as Weights::take, InvalidArgument when `heads` does not divide the width, and Unsupported for channels that upstream
  /// prepares in no way.
  LimuBert(Weights& weights, std::int64_t heads, std::int64_t layers);

  std::int64_t channels() const { return channels_; }
  std::int64_t width() const { return width_; }
  std::int64_t longest() const { return positions_.size(0); }  ///< window, in readings

  /// Readings [n, channels] with n at most longest() as states [n, width].
  at::Tensor operator()(const at::Tensor& readings) const;

 private:
  /// "gamma" and "beta", where Hugging Face says "weight" and "bias".
  struct Norm {
    Norm(Weights& weights, const std::string& prefix, std::int64_t width);
    at::Tensor operator()(const at::Tensor& x) const;
    at::Tensor gamma, beta;
  };

  std::int64_t channels_, width_, inner_, heads_, layers_;
  Linear embed_;
  at::Tensor positions_;
  Norm embed_norm_;
  Linear query_, key_, value_, project_;
  Norm attention_norm_;
  Linear up_, down_;
  Norm mlp_norm_;
};

}  // namespace lateral::plugins
