#include "core/model/decoder.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "core/model/checks.hpp"
#include "core/model/text_scores.hpp"
#include "core/tensor/settings.hpp"

namespace lateral::model {
namespace {

/// What all blocks of one forward call share.
struct Call {
  const Pass& pass;
  at::Tensor positions;  // int64 [batch or 1, T]
  at::Tensor valid;      // bool [batch, T]; undefined = no padding anywhere
  Rotation rotation;
  at::Tensor bias;  // of `bias_block`, reused by the blocks that hold the same columns
  bool causal = false;
  std::int64_t bias_block = -1;
};

at::Tensor positions_after(std::int64_t past, std::int64_t columns, const at::Tensor& hidden) {
  return at::arange(past, past + columns, hidden.options().dtype(at::kLong).requires_grad(false))
      .unsqueeze(0);
}

bool sees_all(const DecoderSpec& spec, std::int64_t window, std::int64_t columns) {
  return spec.positions != PositionKind::Alibi && (window == 0 || columns <= window);
}

// Which columns each row may see, bool [batch or 1, T, past + T]; undefined = all of them, or causal from an
// empty past.
at::Tensor visible_columns(const DecoderSpec& spec, std::int64_t block, const at::Tensor& valid,
                           std::int64_t rows, std::int64_t past) {
  const std::int64_t window = spec.window(block);
  if (!valid.defined()) {
    if ((rows == 1 || past == 0) && sees_all(spec, window, past + rows)) return {};
    return causal_columns(rows, past, window, at::kBool).unsqueeze(0);
  }
  const at::Tensor causal = causal_columns(rows, past, window, valid.options());
  // A padding row sees itself, so that no softmax is over nothing.
  const at::Tensor itself = causal.triu(past);
  return valid.unsqueeze(1).logical_and(causal).logical_or(itself);
}

bool same_bias(const Call& call, const DecoderSpec& spec, std::int64_t block) {
  if (call.bias_block < 0 || spec.window(block) != spec.window(call.bias_block)) return false;
  return call.pass.cache == nullptr || call.pass.cache->same_columns(block, call.bias_block);
}

void set_bias(Call& call, const DecoderSpec& spec, std::int64_t block, const at::Tensor& hidden,
              std::int64_t past) {
  if (same_bias(call, spec, block)) return;
  const KvCache* const cache = call.pass.cache;
  const std::int64_t rows = hidden.size(1);
  at::Tensor visible = call.pass.visible;
  if (!visible.defined()) {
    visible = visible_columns(spec, block, cache != nullptr ? cache->valid(block) : call.valid, rows, past);
  } else if (visible.dim() != 3 || visible.size(1) != rows || visible.size(2) != past + rows) {
    fail(Errc::InvalidArgument, "decoder", "`visible` must be bool [batch or 1, ", rows, ", ", past + rows,
         "]");
  }
  const bool needs_positions = cache != nullptr && spec.positions == PositionKind::Alibi;
  const at::Tensor columns = needs_positions ? cache->positions(block) : call.positions;
  call.bias = visible.defined() ? text_scores(spec, visible, call.positions, columns, hidden.options())
                                : at::Tensor();
  call.causal = !call.bias.defined() && rows > 1;
  call.bias_block = block;
}

at::Tensor run_block(const BlockView& view, at::Tensor hidden, Call& call) {
  Attachments* const attached = call.pass.attachments;
  const bool touched = attached != nullptr && view.index() >= attached->first_block();
  if (touched) {
    if (const auto branch = attached->branch(view, hidden)) hidden = hidden + *branch;
  }
  const at::Tensor normed = view.attention_norm(hidden);
  const KvDelta delta = touched ? attached->kv_delta(view, normed) : KvDelta{};
  const auto projected = view.project(normed, delta);
  const at::Tensor q = view.rotate(projected.q, call.rotation);
  TextColumns text;
  text.k = view.rotate(projected.k, call.rotation);
  text.v = projected.v;
  std::int64_t past = 0;
  if (KvCache* const cache = call.pass.cache; cache != nullptr) {
    past = cache->length(view.index());
    const KvCache::View all = cache->append(view.index(), text.k, text.v, call.positions, call.valid);
    text.k = all.k;
    text.v = all.v;
  }
  set_bias(call, view.spec(), view.index(), hidden, past);
  text.bias = call.bias;
  text.causal = call.causal;
  const auto segments = touched ? attached->segments(view, hidden) : std::vector<Segment>{};
  return view.finish(hidden, attend(q, text, segments, call.pass.path));
}

}  // namespace

at::Tensor positions_of(const at::Tensor& valid) {
  return valid.to(at::kLong).cumsum(1).sub_(1).clamp_min_(0);
}

Decoder::Decoder(DecoderSpec spec, OuterWeights outer, std::shared_ptr<BlockStore> blocks)
    : parts_(std::make_shared<const Parts>(Parts{
          spec, outer, std::move(blocks), RotaryAngles(spec, outer.tokens.options().requires_grad(false))})) {
}

BlockView Decoder::block(std::int64_t index) const {
  return {index, parts_->spec, parts_->rotary, parts_->blocks->block(index)};
}

at::TensorOptions Decoder::options() const {
  return outer().tokens.options().requires_grad(false);
}

at::Tensor Decoder::token_embeddings(const at::Tensor& ids) const {
  tensor::enter_thread();
  check_ids("token id", ids, spec().vocab);
  const at::Tensor rows = at::embedding(outer().tokens, ids.to(outer().tokens.device()));
  return outer().project_in.weight.defined() ? outer().project_in(rows) : rows;
}

at::Tensor Decoder::with_positions(const at::Tensor& embeddings, const at::Tensor& positions) const {
  check_states("embeddings", embeddings, spec().hidden);
  at::Tensor states = embeddings;
  if (spec().positions == PositionKind::Learned) {
    const at::Tensor at_rows =
        positions.defined() ? positions : positions_after(0, embeddings.size(1), embeddings);
    check_ids("position", at_rows, spec().max_positions);
    states =
        states + at::embedding(outer().positions, (at_rows + spec().position_offset).to(embeddings.device()));
  }
  return spec().embedding_norm ? outer().embedding_norm(states, spec()) : states;
}

at::Tensor Decoder::embed(const at::Tensor& ids, const at::Tensor& positions) const {
  return with_positions(token_embeddings(ids), positions);
}

at::Tensor Decoder::forward(std::int64_t first, std::int64_t last, const at::Tensor& hidden,
                            const Pass& pass) const {
  tensor::enter_thread();
  check_states("hidden", hidden, spec().hidden);
  if (first < 0 || first > last || last > spec().layers) {
    fail(Errc::InvalidArgument, "decoder", "blocks [", first, ", ", last, ") of a model with ",
         spec().layers);
  }
  if (first == last) return hidden;
  if (pass.cache != nullptr && at::GradMode::is_enabled()) {
    fail(Errc::FailedPrecondition, "decoder",
         "a cache keeps no gradients; run without one, or under NoGradGuard");
  }
  Call call{.pass = pass, .positions = pass.positions, .valid = pass.valid, .rotation = {}, .bias = {}};
  const std::int64_t past = pass.cache != nullptr ? pass.cache->length(first) : 0;
  if (!call.positions.defined()) call.positions = positions_after(past, hidden.size(1), hidden);
  if (!call.valid.defined() && pass.cache != nullptr && pass.cache->valid(first).defined()) {
    call.valid = at::ones({hidden.size(0), hidden.size(1)}, hidden.options().dtype(at::kBool));
  }
  if (spec().positions == PositionKind::Alibi) check_ids("position", call.positions, spec().max_positions);
  call.rotation = parts_->rotary.at(call.positions);
  at::Tensor states = hidden;
  for (std::int64_t index = first; index < last; ++index) states = run_block(block(index), states, call);
  return states;
}

at::Tensor Decoder::head(const at::Tensor& hidden) const {
  tensor::enter_thread();
  at::Tensor states = spec().final_norm ? outer().final_norm(hidden, spec()) : hidden;
  if (outer().project_out.weight.defined()) states = outer().project_out(states);
  return at::linear(states, outer().head);
}

}  // namespace lateral::model
