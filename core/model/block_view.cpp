#include "core/model/block_view.hpp"

#include <ATen/ATen.h>

#include <cmath>

#include "core/base/error.hpp"
#include "core/tensor/fused.hpp"

namespace lateral::model {
namespace {

at::Tensor activated(const at::Tensor& x, Activation activation) {
  switch (activation) {
    case Activation::Relu:
      return at::relu(x);
    case Activation::Gelu:
      return at::gelu(x);
    case Activation::GeluTanh:
      return at::gelu(x, "tanh");
    case Activation::Silu:
      return at::silu(x);
  }
  fail(Errc::Internal, "block", "unknown activation");
}

// The attention divides scores by sqrt(head_dim); what a model does otherwise goes into its queries.
double query_factor(const DecoderSpec& spec, std::int64_t block) {
  const double width = spec.scores_by_width ? 1.0 : std::sqrt(static_cast<double>(spec.head_dim));
  return spec.scores_by_block ? width / static_cast<double>(block + 1) : width;
}

// [batch, T, heads * head_dim] as [batch, T, heads, head_dim]
at::Tensor by_head(const at::Tensor& x, std::int64_t heads, std::int64_t head_dim) {
  return x.view({x.size(0), x.size(1), heads, head_dim});
}

// The parts of one projection's outputs, each [batch, T, heads, head_dim].
std::vector<at::Tensor> parted(const at::Tensor& x, const DecoderSpec& spec) {
  const std::int64_t batch = x.size(0), length = x.size(1);
  if (spec.qkv == QkvLayout::HeadMajor)
    return x.view({batch, length, spec.heads, 3, spec.head_dim}).unbind(3);
  return x.view({batch, length, 3, spec.heads, spec.head_dim}).unbind(2);
}

}  // namespace

at::Tensor Linear::operator()(const at::Tensor& x) const {
  return at::linear(x, input_major ? weight.t() : weight, bias);
}

at::Tensor Norm::operator()(const at::Tensor& x, const DecoderSpec& spec) const {
  if (spec.norm == NormKind::Rms) return tensor::rms_norm(x, weight, spec.norm_epsilon);
  return at::layer_norm(x, {x.size(-1)}, weight, bias, spec.norm_epsilon);
}

BlockView::BlockView(std::int64_t index, const DecoderSpec& spec, const RotaryAngles& rotary,
                     std::shared_ptr<const BlockWeights> weights)
    : index_(index), spec_(&spec), rotary_(&rotary), weights_(std::move(weights)) {}

at::Tensor BlockView::attention_norm(const at::Tensor& x) const {
  return spec_->pre_norm ? weights_->attention_norm(x, *spec_) : x;
}

at::Tensor BlockView::finished_q(const at::Tensor& q) const {
  const double factor = query_factor(*spec_, index_);
  const at::Tensor normed = spec_->qk_norm ? weights_->q_norm(q, *spec_) : q;
  return (factor == 1.0 ? normed : normed * factor).transpose(1, 2);
}

at::Tensor BlockView::finished_k(const at::Tensor& k, const at::Tensor& delta) const {
  const at::Tensor sum = with_delta(k, delta);
  return (spec_->qk_norm ? weights_->k_norm(sum, *spec_) : sum).transpose(1, 2);
}

at::Tensor BlockView::with_delta(const at::Tensor& projected, const at::Tensor& delta) const {
  return delta.defined() ? projected + by_head(delta, spec_->kv_heads, spec_->head_dim) : projected;
}

BlockView::Projections BlockView::project(const at::Tensor& x, const KvDelta& delta) const {
  if (spec_->qkv == QkvLayout::Separate) return {project_q(x), project_k(x, delta.k), project_v(x, delta.v)};
  const auto parts = parted(weights_->qkv(x), *spec_);
  return {finished_q(parts[0]), finished_k(parts[1], delta.k), with_delta(parts[2], delta.v).transpose(1, 2)};
}

at::Tensor BlockView::project_q(const at::Tensor& x) const {
  if (spec_->qkv != QkvLayout::Separate) return project(x).q;
  return finished_q(by_head(weights_->q(x), spec_->heads, spec_->head_dim));
}

at::Tensor BlockView::project_k(const at::Tensor& x, const at::Tensor& delta) const {
  if (spec_->qkv != QkvLayout::Separate) return project(x, {delta, {}}).k;
  return finished_k(by_head(weights_->k(x), spec_->kv_heads, spec_->head_dim), delta);
}

at::Tensor BlockView::project_v(const at::Tensor& x, const at::Tensor& delta) const {
  if (spec_->qkv != QkvLayout::Separate) return project(x, {{}, delta}).v;
  return with_delta(by_head(weights_->v(x), spec_->kv_heads, spec_->head_dim), delta).transpose(1, 2);
}

at::Tensor BlockView::rotate(const at::Tensor& x, const at::Tensor& positions) const {
  return model::rotate(x, rotary_->at(positions));
}

at::Tensor BlockView::rotate(const at::Tensor& x, const Rotation& rotation) const {
  return model::rotate(x, rotation);
}

at::Tensor BlockView::expand_kv(const at::Tensor& x) const {
  const std::int64_t group = spec_->heads / spec_->kv_heads;
  return group == 1 ? x : x.repeat_interleave(group, 1);
}

at::Tensor BlockView::attention_output(const at::Tensor& merged) const {
  const at::Tensor rows = merged.transpose(1, 2).reshape({merged.size(0), merged.size(2), -1});
  return weights_->output(rows);
}

at::Tensor BlockView::finish_attention(const at::Tensor& x, const at::Tensor& merged) const {
  const at::Tensor sum = (spec_->residual_of_norm ? attention_norm(x) : x) + attention_output(merged);
  return spec_->pre_norm ? sum : weights_->attention_norm(sum, *spec_);
}

at::Tensor BlockView::ffn(const at::Tensor& x) const {
  const BlockWeights& w = *weights_;
  const at::Tensor in = spec_->pre_norm ? w.ffn_norm(x, *spec_) : x;
  const at::Tensor inner = spec_->gated_ffn ? activated(w.gate(in), spec_->activation) * w.up(in)
                                            : activated(w.up(in), spec_->activation);
  const at::Tensor sum = (spec_->residual_of_norm ? in : x) + w.down(inner);
  return spec_->pre_norm ? sum : w.ffn_norm(sum, *spec_);
}

at::Tensor BlockView::finish(const at::Tensor& x, const at::Tensor& merged) const {
  if (spec_->parallel_residual) return ffn(x) + attention_output(merged);
  return ffn(finish_attention(x, merged));
}

}  // namespace lateral::model
