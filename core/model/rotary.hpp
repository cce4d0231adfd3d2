#pragma once
// Rotary positions (RoFormer, arXiv 2104.09864) in the half-split form of Hugging Face's Llama: of the dimensions
// that turn, i turns with i + half their number.

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "core/model/spec.hpp"

namespace lateral::model {

/// Cosines and sines for one call's positions: [batch or 1, 1, T, width], the sines' first half negated.
/// Undefined where the model has no rotary positions.
struct Rotation {
  at::Tensor cos, sin;
};

/// The angles by which a model turns. Immutable. Thread safety: const members may be called from any thread.
class RotaryAngles {
 public:
  /// Empty where positions are not rotary. Angles are computed in float32 and for each call, as transformers does:
  /// far positions round alike, and no table of 131,072 positions weighs on small models.
  RotaryAngles(const DecoderSpec& spec, const at::TensorOptions& options);

  /// `positions` int64 [batch or 1, T]; throws InvalidArgument when one is negative or not below the spec's
  /// max_positions. With longrope the last position of each row decides for the row, as in transformers where it
  /// is asked alone (there the longest row decides for its whole batch): keys that a cache took from a short text keep the
  /// short text's angles when it grows.
  Rotation at(const at::Tensor& positions) const;

 private:
  at::Tensor frequencies_at(const at::Tensor& positions) const;

  std::int64_t positions_ = 0, original_positions_ = 0;
  double amplitude_ = 1.0;
  at::Tensor frequencies_;       // float32 [width / 2]
  at::Tensor long_frequencies_;  // of rows with more than original_positions_ columns; undefined = the same
  at::TensorOptions options_;
};

/// x [batch, heads, T, head_dim] with its first `width` dimensions turned; x itself where the rotation is
/// undefined.
at::Tensor rotate(const at::Tensor& x, const Rotation& rotation);

}  // namespace lateral::model
