#pragma once
// The weights of a decoder, block by block, so that a block can be shared between decoders, come from a
// mapped file, leave memory while nobody needs it, or be replaced by a trainable copy.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "core/model/spec.hpp"

namespace lateral::model {

/// y = x weight^T + bias. weight [out, in] or, where the files have it so, [in, out]; bias [out] or undefined.
struct Linear {
  at::Tensor weight, bias;
  bool input_major = false;  ///< weight is [in, out]
  at::Tensor operator()(const at::Tensor& x) const;
};

/// weight [width]; bias [width] or undefined (RMS norm). Both undefined: a norm without parameters.
struct Norm {
  at::Tensor weight, bias;
  /// The spec's kind of norm over the last dimension of x.
  at::Tensor operator()(const at::Tensor& x, const DecoderSpec& spec) const;
};

struct BlockWeights {
  Norm attention_norm, ffn_norm;
  Linear q, k, v;       ///< [heads * head_dim, hidden], [kv_heads * head_dim, hidden]; or instead of them:
  Linear qkv;           ///< [3 * hidden, hidden], ordered as the spec's QkvLayout says
  Norm q_norm, k_norm;  ///< [head_dim], only where the spec has qk_norm
  Linear output;
  Linear gate, up, down;  ///< gate is undefined where the FFN is not gated
};

/// What stands before the first and after the last block.
struct OuterWeights {
  at::Tensor tokens;                ///< [vocab, embedding_width]
  at::Tensor positions;             ///< [max_positions + position_offset, hidden]; learned positions only
  Linear project_in, project_out;   ///< only where embedding_width is not hidden
  Norm embedding_norm, final_norm;  ///< only where the spec has them
  at::Tensor head;  ///< [vocab, embedding_width]; the same tensor as `tokens` where the head is tied
};

/// Where blocks come from, so that they can leave memory and come back. Thread safety: const members may be
/// called from any thread.
class BlockSource {
 public:
  virtual ~BlockSource() = default;
  virtual BlockWeights load(std::int64_t block) const = 0;
  /// Gives the block's file pages back to the system.
  /// Tensors from load() stay valid; pages return when touched.
  virtual void evict(std::int64_t block) const = 0;
};

/// The blocks of a decoder. Blocks are immutable while frozen and shared by pointer: whoever holds one keeps
/// it. Thread safety: all members may be called from any thread.
class BlockStore {
 public:
  /// Blocks given here stay; those that are null come from `source` when first used and may leave again.
  BlockStore(std::vector<std::shared_ptr<const BlockWeights>> blocks,
             std::shared_ptr<const BlockSource> source);

  std::int64_t size() const { return static_cast<std::int64_t>(blocks_.size()); }
  /// Loads the block if it is not resident.
  std::shared_ptr<const BlockWeights> block(std::int64_t index) const;
  bool resident(std::int64_t index) const;
  /// Whether the block was given and has no source to come back from.
  bool pinned(std::int64_t index) const { return pinned_.at(static_cast<std::size_t>(index)); }
  /// Lets the blocks [first, last) leave memory; those in use stay until their users finish. The next use
  /// brings them back with the same bits. Throws FailedPrecondition for pinned blocks.
  void release(std::int64_t first, std::int64_t last);

 private:
  std::shared_ptr<const BlockSource> source_;
  std::vector<bool> pinned_;
  mutable std::mutex mutex_;
  mutable std::vector<std::shared_ptr<const BlockWeights>> blocks_;
};

/// A tensor under the name it has in a Hugging Face file of the spec's family.
struct NamedTensor {
  std::string name;
  at::Tensor tensor;
};

/// Calls `visit(name, tensor, shape)` for each tensor that a model of this spec has, in file order and with
/// the file's shape. `tensor` refers into the weights, so that visiting can read, fill in or replace.
/// A tied head has no name of its own.
using VisitTensor =
    std::function<void(const std::string& name, at::Tensor& tensor, const std::vector<std::int64_t>& shape)>;
void visit_block(const DecoderSpec& spec, std::int64_t index, BlockWeights& block, const VisitTensor& visit);
void visit_outer(const DecoderSpec& spec, OuterWeights& outer, const VisitTensor& visit);

}  // namespace lateral::model
