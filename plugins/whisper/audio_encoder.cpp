#include "plugins/whisper/audio_encoder.hpp"

#include <ATen/ATen.h>

namespace lateral::plugins {
namespace {

constexpr double kEpsilon = 1e-5;

std::string prefix_of(const Weights& weights) {
  for (const char* const prefix : {"model.encoder.", "encoder."}) {
    if (weights.has(std::string(prefix) + "conv1.weight")) return prefix;
  }
  return "";
}

EncoderBlock make_block(Weights& weights, const WhisperConfig& config, const std::string& prefix) {
  const std::int64_t width = config.width, inner = config.inner;
  const auto projection = [&](const char* name, bool bias) {
    return Linear(weights, prefix + "self_attn." + name + "_proj", width, width, bias);
  };
  return {.before = {weights, prefix + "self_attn_layer_norm", width, kEpsilon},
          .after = {weights, prefix + "final_layer_norm", width, kEpsilon},
          .query = projection("q", true),
          .key = projection("k", false),
          .value = projection("v", true),
          .output = projection("out", true),
          .up = {weights, prefix + "fc1", width, inner},
          .down = {weights, prefix + "fc2", inner, width}};
}

}  // namespace

AudioEncoder::AudioEncoder(Weights& weights, const WhisperConfig& config, std::int64_t layers)
    : heads_(config.heads), activation_(config.activation) {
  const std::string prefix = prefix_of(weights);
  const std::int64_t width = config.width;
  conv1_ = weights.take(prefix + "conv1.weight", {width, config.mels, 3});
  conv1_bias_ = weights.take(prefix + "conv1.bias", {width});
  conv2_ = weights.take(prefix + "conv2.weight", {width, width, 3});
  conv2_bias_ = weights.take(prefix + "conv2.bias", {width});
  positions_ = weights.take(prefix + "embed_positions.weight", {config.positions, width});
  for (std::int64_t i = 0; i < layers; ++i) {
    blocks_.push_back(make_block(weights, config, prefix + "layers." + std::to_string(i) + "."));
  }
  if (layers == config.layers) norm_.emplace(weights, prefix + "layer_norm", width, kEpsilon);
}

at::Tensor AudioEncoder::operator()(const at::Tensor& spectrogram, const std::function<void()>& check) const {
  at::Tensor x = at::gelu(at::conv1d(spectrogram.unsqueeze(0), conv1_, conv1_bias_, 1, 1));
  x = at::gelu(at::conv1d(x, conv2_, conv2_bias_, 2, 1)).transpose(1, 2);
  x = x + positions_.narrow(0, 0, x.size(1));
  for (const EncoderBlock& block : blocks_) {
    check();
    x = block(x, heads_, activation_);
  }
  return (norm_ ? (*norm_)(x) : x).squeeze(0);
}

}  // namespace lateral::plugins
