#pragma once
// A decoder-only language model that runs any range of its blocks, with or without a cache and attachments.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "core/model/attachments.hpp"
#include "core/model/attention.hpp"
#include "core/model/block_view.hpp"
#include "core/model/kv_cache.hpp"
#include "core/model/rotary.hpp"
#include "core/model/spec.hpp"
#include "core/model/weights.hpp"

namespace lateral::model {

/// What one forward call stands on. All members are optional.
struct Pass {
  /// Text columns so far; the call's columns are appended to each block it runs.
  /// Not while gradients are recorded.
  KvCache* cache = nullptr;
  Attachments* attachments = nullptr;
  /// int64 [batch or 1, T]; undefined = following on what the first block's cache holds, from 0.
  at::Tensor positions;
  /// bool [batch, T], false = padding: no other column sees it. Undefined = none.
  /// Left padding needs `positions`.
  at::Tensor valid;
  /// bool [batch or 1, T, length + T]: which columns each row may see, instead of the causal mask (`valid`
  /// and windows included). Every row must see at least one column.
  at::Tensor visible;
  AttentionPath path = AttentionPath::Auto;
};

/// Positions of a batch padded on the left, from `valid` bool [batch, T]: int64 [batch, T], padding at 0.
at::Tensor positions_of(const at::Tensor& valid);

/// Immutable once built, apart from a store that may release blocks. Copies share weights.
/// Thread safety: const members may be called from any thread; each answer brings its own cache and
/// attachments. Determinism: the same shapes, inputs and thread count give the same bits. Blocks below
/// attachments->first_block() run the same operations with and without attachments.
class Decoder {
 public:
  Decoder(DecoderSpec spec, OuterWeights outer, std::shared_ptr<BlockStore> blocks);

  const DecoderSpec& spec() const { return parts_->spec; }
  const OuterWeights& outer() const { return parts_->outer; }
  BlockStore& blocks() const { return *parts_->blocks; }
  BlockView block(std::int64_t index) const;
  at::TensorOptions options() const;  ///< dtype and device of the weights

  /// Token table rows of `ids` int64 [batch, T]: [batch, T, hidden], projected in where the table has another
  /// width. Throws InvalidArgument when an id is outside the vocabulary.
  at::Tensor token_embeddings(const at::Tensor& ids) const;
  /// The states that enter block 0, of `embeddings` [batch, T, hidden]: learned positions are added, and the
  /// embeddings normed, where the model does so.
  at::Tensor with_positions(const at::Tensor& embeddings, const at::Tensor& positions) const;
  /// with_positions(token_embeddings(ids), positions): the states that enter block 0.
  /// Undefined positions: 0, 1, ...
  at::Tensor embed(const at::Tensor& ids, const at::Tensor& positions = {}) const;

  /// Runs the blocks [first, last) on `hidden` [batch, T, hidden], the states that enter block `first`; returns
  /// the states that enter block `last`. Throws InvalidArgument for impossible ranges, shapes or positions.
  at::Tensor forward(std::int64_t first, std::int64_t last, const at::Tensor& hidden,
                     const Pass& pass = {}) const;

  /// Logits [.., vocab] of final states [.., hidden], final norm included.
  at::Tensor head(const at::Tensor& hidden) const;

  /// All tensors under their Hugging Face names, in file order. Loads blocks that are not resident.
  std::vector<NamedTensor> named_tensors() const;

  /// A decoder that shares everything with this one except blocks [first, last) and, if `outer`, the
  /// embeddings, final norm and head: those are copies that record gradients.
  Decoder trainable(std::int64_t first, std::int64_t last, bool outer) const;
  /// The same decoder without gradients, sharing memory.
  Decoder frozen() const;

  /// Random weights for training from nothing: normal with `deviation`, residual projections scaled by
  /// 1/sqrt(2 layers), norms 1, biases 0. The same seed gives the same weights.
  static Decoder random(const DecoderSpec& spec, std::uint64_t seed, double deviation = 0.02);

 private:
  struct Parts {
    DecoderSpec spec;
    OuterWeights outer;
    std::shared_ptr<BlockStore> blocks;
    RotaryAngles rotary;
  };
  std::shared_ptr<const Parts> parts_;
};

}  // namespace lateral::model
