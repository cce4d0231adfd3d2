#pragma once
// What may be attached to a decoder block, as the decoder sees it. The decoder knows nothing of plugins,
// adapters or wirings: at each block it asks the answer's Attachments for extra keys and values, for residual
// branches and for low-rank changes of its own key and value projections. The connector layer implements this
// (docs/methods of late connections: mPnP-LLM, arXiv 2312.07886; the shape carries composite attention and
// gated cross-attention too).
//
// Shapes use: batch, T text positions of this call, M modality tokens, heads, kv_heads, head_dim, hidden.

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <vector>

namespace lateral::model {

class BlockView;

/// How a segment's columns meet the text's columns.
enum class Merge {
  /// One softmax over [segment; text] columns.
  Joint,
  /// Text attention unscaled, plus tanh(gate) times the segment's own softmax: gate 0 is exactly text-only.
  Gated,
};

/// Keys and values that somebody supplies to one block for one call.
struct Segment {
  /// [batch or 1, kv_heads, M, head_dim], M >= 1; no rotary position unless the source did it.
  at::Tensor k, v;
  /// bool [batch or 1, M]; undefined = all. Absent columns are masked, never zero keys.
  at::Tensor present;
  /// Added to the scaled scores; broadcasts to [batch, heads, T, M]; undefined = none.
  at::Tensor score_bias;
  /// Scalar that scales both K and V (mPnP's link weight); undefined = 1.
  at::Tensor alpha;
  /// Scalar, Merge::Gated only.
  at::Tensor gate;
  Merge merge = Merge::Joint;
};

/// A low-rank change added to the outputs of a block's key and value projections:
/// delta = scale * (x A^T) B^T. Kept beside the weights and never merged into them, so that it leaves with its
/// connection.
struct KvDelta {
  at::Tensor k, v;  ///< [batch, T, kv_heads * head_dim]; undefined = none
};

/// Everything attached during one answer. Owned by the answer; not shared between threads. The decoder calls
/// the blocks in ascending order and passes the hidden states that enter the block.
class Attachments {
 public:
  virtual ~Attachments() = default;

  /// The lowest block that anything here touches (segment, branch or delta); `layers` if nothing does. Blocks
  /// below it run exactly as in the text-only model, whatever is attached.
  virtual int first_block() const = 0;

  /// Segments for this block, in attachment order; empty when the block is not connected. `hidden` is
  /// [batch, T, hidden], before the block's first norm. A segment is never empty (M >= 1).
  virtual std::vector<Segment> segments(const BlockView& block, const at::Tensor& hidden) = 0;

  /// The sum of residual branches to add to `hidden` before the block runs; nothing when there are none.
  virtual std::optional<at::Tensor> branch(const BlockView& block, const at::Tensor& hidden) = 0;

  /// The sum of low-rank changes for the block's key and value projections of `normed` [batch, T, hidden].
  virtual KvDelta kv_delta(const BlockView& block, const at::Tensor& normed) = 0;

  /// Rows of the batch were reordered or repeated (beam search): row i is now former row rows[i].
  /// int64 [new batch].
  virtual void select_rows(const at::Tensor& rows) = 0;
};

}  // namespace lateral::model
