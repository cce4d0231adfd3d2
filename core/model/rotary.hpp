#pragma once
// Rotary positions (RoFormer, arXiv 2104.09864) in the half-split form of Hugging Face's Llama: dimension i
// turns with dimension i + head_dim / 2.

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "core/model/spec.hpp"

namespace lateral::model {

/// Cosines and sines for one call's positions: [batch or 1, 1, T, head_dim], the sines' first half negated.
/// Undefined where the model has no rotary positions.
struct Rotation {
  at::Tensor cos, sin;
};

/// Cosines and sines of all positions. Immutable. Thread safety: const members may be called from any thread.
class RotaryTable {
 public:
  /// Empty where positions are learned. Angles are computed in float32 as transformers does, so that far
  /// positions round alike.
  RotaryTable(const DecoderSpec& spec, const at::TensorOptions& options);

  /// `positions` int64 [batch or 1, T]; throws InvalidArgument when one is negative or beyond the table.
  Rotation at(const at::Tensor& positions) const;

 private:
  at::Tensor cos_, sin_;  // [max_positions, head_dim]; the sines' first half negated
};

/// x [batch, heads, T, head_dim] turned; x itself where the rotation is undefined.
at::Tensor rotate(const at::Tensor& x, const Rotation& rotation);

}  // namespace lateral::model
