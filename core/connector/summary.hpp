#pragma once
// A sample read as a whole. An aligner sees one token at a time and does not know which one it is; a summary
// sees all of them in their order and makes one token that says how much the sample is like each kind of
// sample that is known. It is not learned by gradients but fitted in closed form (training/discriminant.hpp),
// which a few samples of each kind suffice for.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "core/connector/tokens.hpp"
#include "core/model/weights.hpp"

namespace lateral::connector {

struct SummaryShape {
  std::int64_t width = 0;     ///< of the encoder's tokens
  std::int64_t segments = 0;  ///< stretches of tokens, each of which is averaged
  std::int64_t kinds = 0;     ///< width of the one token that it makes

  std::int64_t pooled() const { return segments * width; }
  friend bool operator==(const SummaryShape&, const SummaryShape&) = default;
};

/// Averages over equal stretches of a sample's present tokens, a linear map, and the softmax of it, scaled so
/// that a token that is all of one kind has a mean square of 1. As many tokens as segments: each is a stretch
/// of its own; fewer: neighbouring stretches share them. Copies share tensors. Thread safety: const members
/// from any thread.
class Summary {
 public:
  /// Weights 0 until it is fitted. Throws InvalidArgument for a size below 1.
  explicit Summary(const SummaryShape& shape);

  const SummaryShape& shape() const { return shape_; }
  /// What the linear map reads, float [batch, segments * width]; 0 for a row without a present token.
  at::Tensor pooled(const Tokens& tokens) const;
  /// One token a row; absent where the row has none.
  Tokens operator()(const Tokens& tokens) const;
  /// Likenesses [n, kinds], each row of sum 1, as the values of its token.
  static at::Tensor scaled(const at::Tensor& likeness);

  /// "summary.weight" [kinds, segments * width], "summary.bias" [kinds].
  std::vector<model::NamedTensor> parameters() const;

 private:
  SummaryShape shape_;
  model::Linear map_;
};

}  // namespace lateral::connector
