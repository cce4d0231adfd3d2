#pragma once
// Late keys and values (mPnP-LLM, arXiv 2312.07886; MobiCom'25): one K and one V per sample, made by an
// aligner and shared by all connected blocks, each of which scales them by its link. Differs from the
// reference code in that blocks that are not connected get no columns at all, where the reference gives them
// zero keys.

#include <memory>
#include <optional>
#include <vector>

#include "core/connector/aligner.hpp"
#include "core/connector/links.hpp"
#include "core/connector/seen_gate.hpp"
#include "core/connector/source.hpp"
#include "core/connector/summary.hpp"

namespace lateral::connector {

class LateKvSource final : public Source {
 public:
  /// With a summary, the aligner reads the one token it makes. Throws InvalidArgument when their widths
  /// differ.
  LateKvSource(Aligner aligner, Links links, std::optional<SeenGate> seen = std::nullopt,
               std::optional<Summary> summary = std::nullopt);

  const Aligner& aligner() const { return aligner_; }
  const Links& links() const { return links_; }
  const std::optional<SeenGate>& seen() const { return seen_; }
  const std::optional<Summary>& summary() const { return summary_; }

  const wiring::BlockSet& blocks() const override { return links_.blocks(); }
  bool depends_on_text() const override { return false; }
  /// Keys carry no rotary position: for a rotary model they stand at position 0 (policy "none").
  std::unique_ptr<SourceState> begin(const Tokens& tokens, const TextView& text) const override;
  std::optional<model::Segment> at(const model::BlockView& block, const at::Tensor& hidden,
                                   SourceState& state) const override;
  std::vector<model::NamedTensor> parameters() const override;

 private:
  std::int64_t width() const { return summary_ ? summary_->shape().width : aligner_.shape().width; }

  Aligner aligner_;
  Links links_;
  std::optional<SeenGate> seen_;
  std::optional<Summary> summary_;
};

}  // namespace lateral::connector
