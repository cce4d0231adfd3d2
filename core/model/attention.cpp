#include "core/model/attention.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_scaled_dot_product_flash_attention_for_cpu.h>

#include <limits>
#include <tuple>
#include <vector>

#include "core/base/error.hpp"

namespace lateral::model {
namespace {

constexpr double kMasked = -std::numeric_limits<double>::infinity();

/// A partial result: output [batch, heads, T, head_dim] and log of the softmax sum [batch, heads, T].
struct Part {
  at::Tensor output, lse;
};

at::Tensor expanded_heads(const at::Tensor& x, std::int64_t heads) {
  return x.size(1) == heads ? x : x.repeat_interleave(heads / x.size(1), 1);
}

at::Tensor expanded_batch(const at::Tensor& x, std::int64_t batch) {
  return x.size(0) == batch ? x : x.expand({batch, x.size(1), x.size(2), x.size(3)});
}

at::Tensor scaled(const at::Tensor& x, const at::Tensor& alpha) {
  return alpha.defined() ? x * alpha : x;
}

bool can_merge(const at::Tensor& q) {
  return q.device().is_cpu() && !at::GradMode::is_enabled();
}

// The fused kernel takes grouped heads and strided rows as they are, so that nothing of a cache is copied.
Part fused(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& bias,
           bool causal) {
  const std::optional<at::Tensor> mask = bias.defined() ? std::optional(bias) : std::nullopt;
  auto [output, lse] = at::_scaled_dot_product_flash_attention_for_cpu(q, k, v, 0.0, causal, mask);
  return {std::move(output), std::move(lse)};
}

at::Tensor softmax_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                             const at::Tensor& bias, bool causal) {
  if (can_merge(q)) return fused(q, k, v, bias, causal).output;
  const std::optional<at::Tensor> mask = bias.defined() ? std::optional(bias) : std::nullopt;
  return at::scaled_dot_product_attention(q, expanded_heads(k, q.size(1)), expanded_heads(v, q.size(1)), mask,
                                          0.0, causal);
}

void require(bool holds, std::string_view what) {
  if (!holds) fail(Errc::InvalidArgument, "attention", what);
}

void check(const Segment& segment, const at::Tensor& q, std::int64_t kv_heads) {
  const auto fits_batch = [&](const at::Tensor& x) { return x.size(0) == 1 || x.size(0) == q.size(0); };
  require(segment.k.defined() && segment.v.defined() && segment.k.dim() == 4 &&
              segment.k.sizes() == segment.v.sizes(),
          "a segment's k and v must be [batch or 1, kv_heads, M, head_dim], both alike");
  require(fits_batch(segment.k), "a segment has neither one row nor one for each row of the batch");
  require(segment.k.size(1) == kv_heads, "a segment's number of heads is not the model's kv_heads");
  require(segment.k.size(3) == q.size(3), "a segment's head width is not the model's");
  require(segment.k.size(2) > 0, "a segment has no columns; an absent modality has no segment");
  if (segment.present.defined()) {
    require(segment.present.dim() == 2 && segment.present.scalar_type() == at::kBool &&
                fits_batch(segment.present) && segment.present.size(1) == segment.k.size(2),
            "a segment's `present` must be bool [batch or 1, M]");
  }
  require(segment.merge == Merge::Joint || segment.gate.defined(), "a gated segment has no gate");
}

// Scores to add to the segment's columns, broadcastable to [batch, heads, T, M]; undefined = none.
at::Tensor bias_of(const Segment& segment, const at::Tensor& present, const at::TensorOptions& options) {
  if (!present.defined()) return segment.score_bias;
  const at::Tensor absent = present.logical_not().unsqueeze(1).unsqueeze(1);  // [batch or 1, 1, 1, M]
  const at::Tensor bias =
      segment.score_bias.defined() ? segment.score_bias : at::zeros({1, 1, 1, 1}, options);
  return bias.masked_fill(absent, kMasked);
}

// The fused kernel and the concatenation want all four dimensions; the batch and head dimensions may stay 1.
at::Tensor full_bias(const at::Tensor& bias, const at::Tensor& q, std::int64_t columns) {
  if (!bias.defined()) return {};
  at::Tensor four = bias;
  while (four.dim() < 4) four = four.unsqueeze(0);
  return four.expand({four.size(0), four.size(1), q.size(2), columns}).to(q.scalar_type());
}

/// Rows of the batch in which a segment has any column: bool [batch or 1, 1, 1, 1].
at::Tensor rows_with_columns(const at::Tensor& present) {
  return present.any(1).view({-1, 1, 1, 1});
}

at::Tensor causal_bias(const at::Tensor& q) {
  const at::Tensor later = at::ones({q.size(2), q.size(2)}, q.options().dtype(at::kBool)).triu(1);
  return at::zeros({1, 1, q.size(2), q.size(2)}, q.options()).masked_fill_(later, kMasked);
}

at::Tensor text_bias(const TextColumns& text, const at::Tensor& q) {
  if (text.bias.defined()) return text.bias;
  if (text.causal) return causal_bias(q);
  return at::zeros({1, 1, q.size(2), text.k.size(2)}, q.options());
}

at::Tensor joined(const std::vector<at::Tensor>& biases, const at::Tensor& q) {
  std::int64_t batch = 1;
  std::int64_t heads = 1;
  for (const at::Tensor& bias : biases) {
    batch = std::max(batch, bias.size(0));
    heads = std::max(heads, bias.size(1));
  }
  std::vector<at::Tensor> alike;
  for (const at::Tensor& bias : biases) alike.push_back(bias.expand({batch, heads, q.size(2), bias.size(3)}));
  return at::cat(alike, 3);
}

at::Tensor attend_jointly(const at::Tensor& q, const TextColumns& text,
                          const std::vector<const Segment*>& segments) {
  std::vector<at::Tensor> keys;
  std::vector<at::Tensor> values;
  std::vector<at::Tensor> biases;
  for (const Segment* segment : segments) {
    const std::int64_t columns = segment->k.size(2);
    keys.push_back(expanded_batch(scaled(segment->k, segment->alpha), q.size(0)));
    values.push_back(expanded_batch(scaled(segment->v, segment->alpha), q.size(0)));
    const at::Tensor bias = full_bias(bias_of(*segment, segment->present, q.options()), q, columns);
    biases.push_back(bias.defined() ? bias : at::zeros({1, 1, q.size(2), columns}, q.options()));
  }
  keys.push_back(text.k);
  values.push_back(text.v);
  biases.push_back(text_bias(text, q));
  return softmax_attention(q, at::cat(keys, 2), at::cat(values, 2), joined(biases, q), false);
}

// Scaling the queries and the output by alpha equals scaling K and V, which therefore stay shared.
Part segment_part(const at::Tensor& q, const Segment& segment) {
  const at::Tensor bias = bias_of(segment, segment.present, q.options());
  Part part = fused(scaled(q, segment.alpha), expanded_batch(segment.k, q.size(0)),
                    expanded_batch(segment.v, q.size(0)), full_bias(bias, q, segment.k.size(2)), false);
  part.output = scaled(part.output, segment.alpha);
  if (segment.present.defined()) {  // the kernel returns lse 0 for a row without columns
    part.lse = part.lse.masked_fill(rows_with_columns(segment.present).logical_not().squeeze(3), kMasked);
  }
  return part;
}

Part merged(const Part& a, const Part& b) {
  const at::Tensor share = at::sigmoid(b.lse - a.lse).unsqueeze(3).to(a.output.scalar_type());
  return {at::lerp(a.output, b.output, share), at::logaddexp(a.lse, b.lse)};
}

at::Tensor attend_by_parts(const at::Tensor& q, const TextColumns& text,
                           const std::vector<const Segment*>& segments) {
  Part sum = fused(q, text.k, text.v, text.bias, text.causal);
  for (const Segment* segment : segments) sum = merged(sum, segment_part(q, *segment));
  return sum.output;
}

// A residual beside the text's own attention. Rows of the batch without columns get nothing: they attend to
// what is there and are then multiplied by 0, because a softmax over no column has no gradient.
at::Tensor gated_output(const at::Tensor& q, const Segment& segment) {
  at::Tensor gate = at::tanh(segment.gate).to(q.scalar_type());
  at::Tensor present = segment.present;
  if (present.defined()) {
    const at::Tensor any = rows_with_columns(present);
    gate = gate * any;
    present = present.logical_or(any.view({-1, 1}).logical_not());
  }
  const at::Tensor bias = full_bias(bias_of(segment, present, q.options()), q, segment.k.size(2));
  const at::Tensor k = expanded_batch(scaled(segment.k, segment.alpha), q.size(0));
  const at::Tensor v = expanded_batch(scaled(segment.v, segment.alpha), q.size(0));
  return gate * softmax_attention(q, k, v, bias, false);
}

bool by_parts(AttentionPath path, const at::Tensor& q) {
  if (path == AttentionPath::Merged && !can_merge(q)) {
    fail(Errc::FailedPrecondition, "attention",
         "merging by log-sum-exp has no gradients and needs the CPU; use Joint");
  }
  return path == AttentionPath::Merged || (path == AttentionPath::Auto && can_merge(q));
}

}  // namespace

at::Tensor attend(const at::Tensor& q, const TextColumns& text, std::span<const Segment> segments,
                  AttentionPath path) {
  std::vector<const Segment*> joint;
  for (const Segment& segment : segments) {
    check(segment, q, text.k.size(1));
    if (segment.merge == Merge::Joint) joint.push_back(&segment);
  }
  at::Tensor output;
  if (joint.empty()) {
    output = softmax_attention(q, text.k, text.v, text.bias, text.causal);
  } else if (by_parts(path, q)) {
    output = attend_by_parts(q, text, joint);
  } else {
    output = attend_jointly(q, text, joint);
  }
  for (const Segment& segment : segments) {
    if (segment.merge == Merge::Gated) output = output + gated_output(q, segment);
  }
  return output;
}

}  // namespace lateral::model
