#pragma once
// The layers that transformer encoders are made of. Each reads its own weights by the names of Hugging Face.

#include <ATen/core/Tensor.h>

#include <string>
#include <string_view>
#include <utility>

#include "plugins/torch/weights.hpp"

namespace lateral::plugins {

enum class Activation { Gelu, GeluTanh, QuickGelu, Relu, Silu };

/// By the names of Hugging Face: gelu, gelu_new, gelu_pytorch_tanh, gelu_fast, quick_gelu, relu, silu, swish. Throws
/// Unsupported with `place` and these names.
Activation activation_named(std::string_view name, std::string_view place);
at::Tensor activate(Activation activation, const at::Tensor& x);

class Linear {
 public:
  Linear() = default;
  Linear(at::Tensor weight, at::Tensor bias) : weight_(std::move(weight)), bias_(std::move(bias)) {}
  /// PREFIX.weight [outputs, inputs] and PREFIX.bias [outputs]. Throws as Weights::take.
  Linear(Weights& weights, const std::string& prefix, std::int64_t inputs, std::int64_t outputs,
         bool bias = true);

  at::Tensor operator()(const at::Tensor& x) const;

 private:
  at::Tensor weight_, bias_;
};

class LayerNorm {
 public:
  LayerNorm() = default;
  /// PREFIX.weight and PREFIX.bias, [width]. Throws as Weights::take.
  LayerNorm(Weights& weights, const std::string& prefix, std::int64_t width, double epsilon);

  at::Tensor operator()(const at::Tensor& x) const;

 private:
  at::Tensor weight_, bias_;
  double epsilon_ = 0;
};

/// [batch, n, width] -> [batch, heads, n, width / heads]
at::Tensor split_heads(const at::Tensor& x, std::int64_t heads);
/// The way back.
at::Tensor join_heads(const at::Tensor& x);

/// softmax(q kᵀ / √head_dim) v for q, k, v [batch, n, width], all to all.
at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, std::int64_t heads);

/// A block that normalises what enters each half (pre-norm): x + output(attention(before(x))), then the same of its MLP.
struct EncoderBlock {
  LayerNorm before, after;
  Linear query, key, value, output, up, down;

  /// x [batch, n, width]
  at::Tensor operator()(const at::Tensor& x, std::int64_t heads, Activation activation) const;
};

}  // namespace lateral::plugins
