#pragma once
// One block's own arithmetic, lent to whoever wires something into it: composite attention uses a block's
// norm and projections, teaching uses its queries. The decoder runs its blocks through the same functions.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>

#include "core/model/attachments.hpp"
#include "core/model/rotary.hpp"
#include "core/model/spec.hpp"
#include "core/model/weights.hpp"

namespace lateral::model {

/// Cheap to copy; keeps the block's weights in memory. Refers to the decoder's spec and rotary angles, so the
/// decoder must outlive it. Thread safety: const members may be called from any thread. Shapes: batch, T
/// positions, heads, kv_heads, head_dim, hidden. Gradients flow through everything.
class BlockView {
 public:
  BlockView(std::int64_t index, const DecoderSpec& spec, const RotaryAngles& rotary,
            std::shared_ptr<const BlockWeights> weights);

  std::int64_t index() const { return index_; }
  const DecoderSpec& spec() const { return *spec_; }
  const BlockWeights& weights() const { return *weights_; }

  /// What the projections read: the first norm of x [.., hidden], or x itself where norms follow the
  /// residual sums.
  at::Tensor attention_norm(const at::Tensor& x) const;

  struct Projections {
    at::Tensor q, k, v;
  };
  /// Queries [batch, heads, T, head_dim], keys and values [batch, kv_heads, T, head_dim] of `normed` [batch, T,
  /// hidden]: normed head by head where the model does so, not rotated. Queries carry what the model scales scores by
  /// other than 1 / sqrt(head_dim), which is the attention's. A delta [batch, T, kv_heads
  /// * head_dim] is added to what the projection gives; undefined = none. Where one projection makes all three,
  /// asking for them one by one costs it each time.
  Projections project(const at::Tensor& normed, const KvDelta& delta = {}) const;
  at::Tensor project_q(const at::Tensor& normed) const;
  at::Tensor project_k(const at::Tensor& normed, const at::Tensor& delta = {}) const;
  at::Tensor project_v(const at::Tensor& normed, const at::Tensor& delta = {}) const;

  /// x [batch, any heads, T, head_dim] turned to `positions` int64 [batch or 1, T]; x itself where positions
  /// are not rotary. Throws InvalidArgument when a position is outside the table.
  at::Tensor rotate(const at::Tensor& x, const at::Tensor& positions) const;
  at::Tensor rotate(const at::Tensor& x, const Rotation& rotation) const;

  /// [batch, kv_heads, ...] with each head repeated for its group: [batch, heads, ...].
  at::Tensor expand_kv(const at::Tensor& x) const;

  /// The output projection of merged heads [batch, heads, T, head_dim]: [batch, T, hidden], without residual.
  at::Tensor attention_output(const at::Tensor& merged) const;
  /// The attention sublayer's end: x + attention_output(merged), normed where norms follow the sums; where residuals
  /// are of norms, attention_norm(x) stands for x, here and in the FFN.
  at::Tensor finish_attention(const at::Tensor& x, const at::Tensor& merged) const;
  /// The whole FFN sublayer: x + FFN(norm(x)), or norm(x + FFN(x)) where norms follow the sums.
  at::Tensor ffn(const at::Tensor& x) const;
  /// All that follows the attention: ffn(finish_attention(x, merged)), or x + attention_output(merged) +
  /// FFN(norm(x)) where residuals are parallel.
  at::Tensor finish(const at::Tensor& x, const at::Tensor& merged) const;

 private:
  // Of [batch, T, any heads, head_dim]; the first two end as [batch, any heads, T, head_dim].
  at::Tensor finished_q(const at::Tensor& q) const;
  at::Tensor finished_k(const at::Tensor& k, const at::Tensor& delta) const;
  at::Tensor with_delta(const at::Tensor& projected, const at::Tensor& delta) const;

  std::int64_t index_;
  const DecoderSpec* spec_;
  const RotaryAngles* rotary_;
  std::shared_ptr<const BlockWeights> weights_;
};

}  // namespace lateral::model
