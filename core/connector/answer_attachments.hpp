#pragma once
// A wiring as one answer sees it: what the decoder asks for at each block.

#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/connector/source.hpp"
#include "core/connector/wiring.hpp"
#include "core/model/attachments.hpp"
#include "core/wiring/snapshot.hpp"

namespace lateral::connector {

/// Holds the wiring that the answer began with until it is destroyed, whatever is attached or detached
/// meanwhile. A connection without anything present in any row is not there: no columns, no low-rank change,
/// no branch, and its blocks do not end the frozen prefix. A row without anything present keeps, in a batch,
/// exactly its text-only key and value projections, and masked columns. Thread safety: none; one per answer.
class AnswerAttachments final : public model::Attachments {
 public:
  /// `layers` of the decoder: what first_block() says when nothing is active.
  AnswerAttachments(wiring::Lease<Wiring> wiring, int layers);

  /// Makes one of the wiring's connections active. A null state is absent and changes nothing.
  void activate(std::shared_ptr<const Connection> connection, std::unique_ptr<SourceState> state);

  const wiring::Lease<Wiring>& wiring() const { return wiring_; }
  /// Ids of the connections that take part, sorted.
  std::vector<std::string> active() const;

  int first_block() const override;
  std::vector<model::Segment> segments(const model::BlockView& block, const at::Tensor& hidden) override;
  std::optional<at::Tensor> branch(const model::BlockView& block, const at::Tensor& hidden) override;
  model::KvDelta kv_delta(const model::BlockView& block, const at::Tensor& normed) override;
  void select_rows(const at::Tensor& rows) override;

 private:
  struct Active {
    std::shared_ptr<const Connection> connection;
    std::unique_ptr<SourceState> state;
  };
  wiring::Lease<Wiring> wiring_;
  int layers_;
  std::vector<Active> active_;
};

/// For training: one batch through connections that no manager has attached. `tokens` by connection id; a
/// connection whose tokens are missing is absent. Gradients flow where they are recorded.
std::unique_ptr<AnswerAttachments> attach_for_batch(std::shared_ptr<const Wiring> wiring, int layers,
                                                    const std::map<std::string, Tokens>& tokens,
                                                    const TextView& text = {});

}  // namespace lateral::connector
