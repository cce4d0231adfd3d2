#include "core/connector/late_kv_source.hpp"

#include <ATen/ATen.h>

#include <limits>

#include "core/base/error.hpp"

namespace lateral::connector {
namespace {

/// 0-dimensional; read when somebody wants to know, because that waits for the device.
at::Tensor largest_of(const KeyValue& kv) {
  constexpr double kLargest = std::numeric_limits<double>::infinity();
  return at::maximum(at::linalg_vector_norm(kv.k.detach(), kLargest),
                     at::linalg_vector_norm(kv.v.detach(), kLargest));
}

class LateKvState final : public SourceState {
 public:
  LateKvState(KeyValue kv, at::Tensor present, std::vector<at::Tensor> alphas)
      : kv_(std::move(kv)),
        largest_(largest_of(kv_)),
        present_(std::move(present)),
        alphas_(std::move(alphas)) {
    if (present_.defined()) rows_ = present_.any(1);
  }

  std::unique_ptr<SourceState> share() const override { return std::make_unique<LateKvState>(*this); }

  void select_rows(const at::Tensor& rows) override {
    kv_ = {connector::select_rows(kv_.k, rows), connector::select_rows(kv_.v, rows)};
    present_ = connector::select_rows(present_, rows);
    rows_ = connector::select_rows(rows_, rows);
  }

  at::Tensor rows_present() const override { return rows_; }

  double largest() const override { return largest_.item<double>(); }

  /// `place`: of the block within the source's blocks. Keys and values take the precision of the text.
  model::Segment segment(int place, const at::Tensor& hidden) {
    if (kv_.k.scalar_type() != hidden.scalar_type() || kv_.k.device() != hidden.device())
      convert(hidden.options());
    model::Segment segment;
    segment.k = kv_.k;
    segment.v = kv_.v;
    segment.present = present_;
    segment.alpha = alphas_[static_cast<std::size_t>(place)];
    return segment;
  }

 private:
  void convert(const at::TensorOptions& options) {
    kv_ = {kv_.k.to(options), kv_.v.to(options)};
    for (auto& alpha : alphas_) alpha = alpha.to(options);
    if (present_.defined()) present_ = present_.to(options.device());
    if (rows_.defined()) rows_ = rows_.to(options.device());
  }

  KeyValue kv_;
  at::Tensor largest_;
  at::Tensor present_;  // bool [batch or 1, M], undefined = all
  at::Tensor rows_;     // bool [batch or 1], undefined = all
  std::vector<at::Tensor> alphas_;
};

/// Which tokens take part: undefined where all of them do, so that the attention needs no mask.
at::Tensor taking_part(const Tokens& tokens, const std::optional<SeenGate>& seen) {
  const auto present = seen ? seen->open(tokens.values, tokens.present) : tokens.present;
  return present.defined() && present.all().item<bool>() ? at::Tensor() : present;
}

/// A token's keys and values are there with it.
at::Tensor of_each_pair(const at::Tensor& present, std::int64_t pairs) {
  return present.defined() && pairs > 1 ? present.repeat_interleave(pairs, 1) : present;
}

}  // namespace

LateKvSource::LateKvSource(Aligner aligner, Links links, std::optional<SeenGate> seen,
                           std::optional<Summary> summary)
    : aligner_(std::move(aligner)),
      links_(std::move(links)),
      seen_(std::move(seen)),
      summary_(std::move(summary)) {
  if (summary_ && summary_->shape().kinds != aligner_.shape().width) {
    fail(Errc::InvalidArgument, "late-kv", "the summary's token has width ", summary_->shape().kinds,
         ", the aligner reads ", aligner_.shape().width);
  }
}

std::unique_ptr<SourceState> LateKvSource::begin(const Tokens& tokens, const TextView&) const {
  check(tokens, width());
  Tokens read{tokens.values.to(at::kFloat), tokens.present};
  // What an absent token holds is unknown; inside the attention even a masked NaN would spread (0 * NaN).
  if (read.present.defined()) read.values = at::where(read.present.unsqueeze(2), read.values, 0.0);
  read.present = taking_part(read, seen_);
  if (read.present.defined() && !read.present.any().item<bool>()) return nullptr;
  if (summary_) read = (*summary_)(read);
  return std::make_unique<LateKvState>(
      aligner_(read.values), of_each_pair(read.present, aligner_.shape().pairs), links_.alphas().unbind());
}

std::optional<model::Segment> LateKvSource::at(const model::BlockView& block, const at::Tensor& hidden,
                                               SourceState& state) const {
  const int place = blocks().index_of(static_cast<int>(block.index()));
  if (place < 0) return std::nullopt;
  return static_cast<LateKvState&>(state).segment(place, hidden);
}

std::vector<model::NamedTensor> LateKvSource::parameters() const {
  auto all = aligner_.parameters();
  for (auto& named : links_.parameters()) all.push_back(std::move(named));
  if (seen_) {
    for (auto& named : seen_->parameters()) all.push_back(std::move(named));
  }
  if (summary_) {
    for (auto& named : summary_->parameters()) all.push_back(std::move(named));
  }
  return all;
}

}  // namespace lateral::connector
