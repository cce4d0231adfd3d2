#include "plugins/imu/limu_bert.hpp"

#include <ATen/ATen.h>

#include "core/base/error.hpp"
#include "plugins/imu/motion.hpp"

namespace lateral::plugins {
namespace {

constexpr double kEpsilon = 1e-12;

std::int64_t size(const Weights& weights, const char* name, std::size_t axis) {
  const auto shape = weights.shape(std::string("transformer.") + name);
  if (shape.size() != 2) fail(Errc::Corrupt, "imu", weights.source().string(), ": ", name, " is no matrix");
  return shape[axis];
}

}  // namespace

LimuBert::Norm::Norm(Weights& weights, const std::string& prefix, std::int64_t width)
    : gamma(weights.take(prefix + ".gamma", {width})), beta(weights.take(prefix + ".beta", {width})) {}

at::Tensor LimuBert::Norm::operator()(const at::Tensor& x) const {
  return at::layer_norm(x, gamma.sizes(), gamma, beta, kEpsilon);
}

LimuBert::LimuBert(Weights& weights, std::int64_t heads, std::int64_t layers)
    : channels_(size(weights, "embed.lin.weight", 1)),
      width_(size(weights, "embed.lin.weight", 0)),
      inner_(size(weights, "pwff.fc1.weight", 0)),
      heads_(heads),
      layers_(layers),
      embed_(weights, "transformer.embed.lin", channels_, width_),
      positions_(weights.take("transformer.embed.pos_embed.weight", {-1, width_})),
      embed_norm_(weights, "transformer.embed.norm", width_),
      query_(weights, "transformer.attn.proj_q", width_, width_),
      key_(weights, "transformer.attn.proj_k", width_, width_),
      value_(weights, "transformer.attn.proj_v", width_, width_),
      project_(weights, "transformer.proj", width_, width_),
      attention_norm_(weights, "transformer.norm1", width_),
      up_(weights, "transformer.pwff.fc1", width_, inner_),
      down_(weights, "transformer.pwff.fc2", inner_, width_),
      mlp_norm_(weights, "transformer.norm2", width_) {
  if (width_ == 0 || positions_.size(0) == 0 || width_ % heads != 0)
    fail(Errc::InvalidArgument, "imu", weights.source().string(), " has width ", width_, ", which ", heads,
         " heads do not divide; see the option \"heads\"");
  if (channels_ != kChannels && channels_ != kMagnetometerChannels)
    fail(Errc::Unsupported, "imu", weights.source().string(), " takes ", channels_,
         " channels; known are 6 (accelerometer, gyroscope) and 9 (magnetometer behind them)");
}

at::Tensor LimuBert::operator()(const at::Tensor& readings) const {
  const at::Tensor embedded = embed_norm_(embed_(readings.unsqueeze(0)));
  at::Tensor x =
      embed_norm_(embedded + positions_.narrow(0, 0, readings.size(0)));  // one norm, applied twice
  for (std::int64_t layer = 0; layer < layers_; ++layer) {
    x = attention(query_(x), key_(x), value_(x), heads_);
    x = attention_norm_(x + project_(x));  // around the projection alone: nothing leads past the attention
    x = mlp_norm_(x + down_(at::gelu(up_(x))));
  }
  return x.squeeze(0);
}

}  // namespace lateral::plugins
