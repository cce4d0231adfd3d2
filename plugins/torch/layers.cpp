#include "plugins/torch/layers.hpp"

#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/silu.h>

#include <utility>

#include "core/base/error.hpp"

namespace lateral::plugins {
namespace {

constexpr std::pair<std::string_view, Activation> kActivations[] = {
    {"gelu", Activation::Gelu},
    {"gelu_new", Activation::GeluTanh},
    {"gelu_pytorch_tanh", Activation::GeluTanh},
    {"gelu_fast", Activation::GeluTanh},
    {"quick_gelu", Activation::QuickGelu},
    {"relu", Activation::Relu},
    {"silu", Activation::Silu},
    {"swish", Activation::Silu}};

constexpr double kQuickGelu = 1.702;

}  // namespace

Activation activation_named(std::string_view name, std::string_view place) {
  std::string known;
  for (const auto& [text, activation] : kActivations) {
    if (text == name) return activation;
    known += (known.empty() ? "" : ", ") + std::string(text);
  }
  fail(Errc::Unsupported, "weights", place, ": the activation \"", name, "\" is none of: ", known);
}

at::Tensor activate(Activation activation, const at::Tensor& x) {
  switch (activation) {
    case Activation::Gelu:
      return at::gelu(x);
    case Activation::GeluTanh:
      return at::gelu(x, "tanh");
    case Activation::QuickGelu:
      return x * at::sigmoid(x * kQuickGelu);
    case Activation::Relu:
      return at::relu(x);
    case Activation::Silu:
      return at::silu(x);
  }
  return x;
}

Linear::Linear(Weights& weights, const std::string& prefix, std::int64_t inputs, std::int64_t outputs,
               bool bias)
    : weight_(weights.take(prefix + ".weight", {outputs, inputs})),
      bias_(bias ? weights.take(prefix + ".bias", {outputs}) : at::Tensor()) {}

at::Tensor Linear::operator()(const at::Tensor& x) const {
  return bias_.defined() ? at::linear(x, weight_, bias_) : at::linear(x, weight_);
}

LayerNorm::LayerNorm(Weights& weights, const std::string& prefix, std::int64_t width, double epsilon)
    : weight_(weights.take(prefix + ".weight", {width})),
      bias_(weights.take(prefix + ".bias", {width})),
      epsilon_(epsilon) {}

at::Tensor LayerNorm::operator()(const at::Tensor& x) const {
  return at::layer_norm(x, weight_.sizes(), weight_, bias_, epsilon_);
}

at::Tensor split_heads(const at::Tensor& x, std::int64_t heads) {
  return x.unflatten(-1, {heads, -1}).transpose(-3, -2);
}

at::Tensor join_heads(const at::Tensor& x) {
  return x.transpose(-3, -2).flatten(-2);
}

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, std::int64_t heads) {
  return join_heads(
      at::scaled_dot_product_attention(split_heads(q, heads), split_heads(k, heads), split_heads(v, heads)));
}

at::Tensor EncoderBlock::operator()(const at::Tensor& x, std::int64_t heads, Activation activation) const {
  const at::Tensor in = before(x);
  const at::Tensor seen = x + output(attention(query(in), key(in), value(in), heads));
  return seen + down(activate(activation, up(after(seen))));
}

}  // namespace lateral::plugins
