#pragma once
// The one primitive: a block attends to extra keys and values that somebody supplies. A source makes them
// from a sample's tokens. It can see the block's own weights (composite attention), the question
// (instruction-aware mixing), the text states (visual exit), and keeps state for one answer; a method that
// needs none of these pays for none. See docs of each source for what it does.

#include <ATen/core/Tensor.h>
#include <c10/core/ScalarType.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/connector/tokens.hpp"
#include "core/model/attachments.hpp"
#include "core/model/block_view.hpp"
#include "core/model/weights.hpp"
#include "core/wiring/block_set.hpp"

namespace lateral::connector {

/// The question, as far as a source may look at it.
struct TextView {
  at::Tensor ids;                    ///< int64 [batch, T]; undefined where the caller has none to show
  at::Tensor valid;                  ///< bool [batch, T], false = padding; undefined = all text
  at::ScalarType type = at::kFloat;  ///< of its states in the blocks
};

/// What a source keeps about one sample for one answer. Not shared between threads.
class SourceState {
 public:
  virtual ~SourceState() = default;

  /// The same state for another answer. Tensors are shared, so this costs nothing; row selections are not.
  /// May be called from any thread while the state is const.
  virtual std::unique_ptr<SourceState> share() const = 0;

  /// Row i is now former row rows[i] (beam search). int64 [new batch].
  virtual void select_rows(const at::Tensor& rows) = 0;

  /// bool [batch or 1]: the rows that have anything present; undefined = all of them.
  virtual at::Tensor rows_present() const = 0;

  /// The largest magnitude among what it supplies; NaN or infinity when some of it is no number.
  virtual double largest() const = 0;
};

/// Supplies the blocks of one connection. Immutable while answers use it.
/// Thread safety: const members may be called from any thread, each with its own state. Gradients flow to
/// parameters() wherever they are recorded.
class Source {
 public:
  virtual ~Source() = default;

  /// The blocks it supplies; at() and branch() give nothing elsewhere.
  virtual const wiring::BlockSet& blocks() const = 0;

  /// False: begin() and at() look at tokens alone, so that a state computed once per sample serves
  /// every question.
  virtual bool depends_on_text() const = 0;

  /// Null when no row has anything present: then the connection is absent from this answer, as if it were
  /// detached. Throws InvalidArgument when the tokens do not fit (shape, width, not finite).
  virtual std::unique_ptr<SourceState> begin(const Tokens& tokens, const TextView& text) const = 0;

  /// Keys and values for a block; nothing = not connected. `hidden` [batch, T, hidden] enters the block.
  virtual std::optional<model::Segment> at(const model::BlockView& block, const at::Tensor& hidden,
                                           SourceState& state) const = 0;

  /// A residual branch added to `hidden` [batch, T, hidden] before the block runs; nothing by default.
  virtual std::optional<at::Tensor> branch(const model::BlockView& block, const at::Tensor& hidden,
                                           SourceState& state) const;

  /// What training may change, under stable names (those of the adapter file). The tensors are the source's
  /// own: changing them in place changes the source.
  virtual std::vector<model::NamedTensor> parameters() const = 0;
};

}  // namespace lateral::connector
