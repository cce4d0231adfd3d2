#pragma once
// The small trained map from an encoder's width to the language model's keys and values: one two-layer
// perceptron for keys, one for values, shared by all connected blocks (mPnP-LLM, arXiv 2312.07886, section 3).

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/model/weights.hpp"

namespace lateral::connector {

struct AlignerShape {
  std::int64_t width = 0;     ///< of the encoder's tokens
  std::int64_t inner = 0;     ///< between the two layers; 0 = one linear map each for keys and values
  std::int64_t kv_heads = 0;  ///< of the language model: under grouped-query attention fewer than its heads
  std::int64_t head_dim = 0;
  std::int64_t pairs = 1;  ///< keys and values that one token becomes

  std::int64_t kv_width() const { return kv_heads * head_dim; }
  friend bool operator==(const AlignerShape&, const AlignerShape&) = default;
};

/// Linear, GELU (exact), Linear; without `in`, one linear map.
struct Perceptron {
  model::Linear in, out;
  at::Tensor operator()(const at::Tensor& x) const;
};

struct KeyValue {
  at::Tensor k, v;  ///< [batch, kv_heads, M * pairs, head_dim], those of one token beside each other
};

/// Copies share tensors. Thread safety: const members may be called from any thread.
class Aligner {
 public:
  /// Weights uniform in +-1/sqrt(fan-in), as torch's Linear begins; the same seed gives the same bits
  /// everywhere. Throws InvalidArgument for a size below 1 (`inner`: below 0).
  Aligner(const AlignerShape& shape, std::uint64_t seed);

  const AlignerShape& shape() const { return shape_; }
  KeyValue operator()(const at::Tensor& tokens) const;  ///< float [batch, M, width]

  /// "aligner.k.in.weight" and so on: 8 tensors, or the 4 of "out" where it is linear.
  /// The aligner's own: filling them changes it.
  std::vector<model::NamedTensor> parameters() const;

 private:
  AlignerShape shape_;
  Perceptron k_, v_;
};

}  // namespace lateral::connector
