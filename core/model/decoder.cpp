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

// So many numbers of a bias are made at once, 64 MiB in float32; a long prompt's would take gigabytes with ALiBi.
constexpr std::int64_t kMostBias = 16 << 20;

std::int64_t bias_of_row(const Call& call, const DecoderSpec& spec, const at::Tensor& q,
                         std::int64_t columns) {
  const std::int64_t heads = spec.positions == PositionKind::Alibi ? spec.heads : 1;
  return (call.valid.defined() ? q.size(0) : 1) * heads * columns;
}

bool goes_in_pieces(const Call& call, const BlockView& view, const at::Tensor& q, const TextColumns& text,
                    const std::vector<Segment>& segments) {
  const auto looks_at_rows = [](const Segment& segment) { return segment.score_bias.defined(); };
  const std::int64_t columns = text.k.size(2);
  if (call.pass.visible.defined() || at::GradMode::is_enabled() || q.size(2) == 1 ||
      std::any_of(segments.begin(), segments.end(), looks_at_rows))
    return false;
  const bool plain = !call.valid.defined() && columns == q.size(2) &&
                     sees_all(view.spec(), view.spec().window(view.index()), columns);
  return !plain && bias_of_row(call, view.spec(), q, columns) * q.size(2) > kMostBias;
}

// Rows [first, first + rows) of those that follow `past` columns: what they see, and its bias.
TextColumns piece_of(const TextColumns& text, const Call& call, const BlockView& view, std::int64_t past,
                     std::int64_t first, std::int64_t rows) {
  const DecoderSpec& spec = view.spec();
  const KvCache* const cache = call.pass.cache;
  const std::int64_t columns = past + first + rows;
  const at::Tensor all_valid = cache != nullptr ? cache->valid(view.index()) : call.valid;
  const at::Tensor valid = all_valid.defined() ? all_valid.narrow(1, 0, columns) : all_valid;
  const at::Tensor visible = visible_columns(spec, view.index(), valid, rows, past + first);
  TextColumns piece;
  piece.k = text.k.narrow(2, 0, columns);
  piece.v = text.v.narrow(2, 0, columns);
  piece.causal = !visible.defined();
  if (piece.causal) return piece;
  const bool needs_positions = cache != nullptr && spec.positions == PositionKind::Alibi;
  const at::Tensor positions = needs_positions ? cache->positions(view.index()) : call.positions;
  piece.bias = text_scores(spec, visible, call.positions.narrow(1, first, rows),
                           positions.slice(1, 0, columns), text.k.options());
  return piece;
}

at::Tensor attend_in_pieces(const BlockView& view, const at::Tensor& q, const TextColumns& text,
                            const std::vector<Segment>& segments, const Call& call, std::int64_t past) {
  const std::int64_t all = q.size(2);
  const std::int64_t step =
      std::max<std::int64_t>(kMostBias / bias_of_row(call, view.spec(), q, text.k.size(2)), 1);
  std::vector<at::Tensor> outputs;
  for (std::int64_t first = 0; first < all; first += step) {
    const std::int64_t rows = std::min(step, all - first);
    outputs.push_back(attend(q.narrow(2, first, rows), piece_of(text, call, view, past, first, rows),
                             segments, call.pass.path));
  }
  return at::cat(outputs, 2);
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
  const auto segments = touched ? attached->segments(view, hidden) : std::vector<Segment>{};
  if (goes_in_pieces(call, view, q, text, segments))
    return view.finish(hidden, attend_in_pieces(view, q, text, segments, call, past));
  set_bias(call, view.spec(), view.index(), hidden, past);
  text.bias = call.bias;
  text.causal = call.causal;
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
