#include "core/model/block_view.hpp"

#include <ATen/ATen.h>

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

// [batch, T, heads * head_dim] -> [batch, heads, T, head_dim]
at::Tensor split_heads(const at::Tensor& x, std::int64_t heads, std::int64_t head_dim) {
  return x.view({x.size(0), x.size(1), heads, head_dim}).transpose(1, 2);
}

at::Tensor with_delta(at::Tensor projected, const at::Tensor& delta) {
  return delta.defined() ? projected + delta : projected;
}

}  // namespace

at::Tensor Linear::operator()(const at::Tensor& x) const {
  return at::linear(x, weight, bias);
}

at::Tensor Norm::operator()(const at::Tensor& x, const DecoderSpec& spec) const {
  if (spec.norm == NormKind::Rms) return tensor::rms_norm(x, weight, spec.norm_epsilon);
  return at::layer_norm(x, {x.size(-1)}, weight, bias, spec.norm_epsilon);
}

BlockView::BlockView(std::int64_t index, const DecoderSpec& spec, const RotaryTable& rotary,
                     std::shared_ptr<const BlockWeights> weights)
    : index_(index), spec_(&spec), rotary_(&rotary), weights_(std::move(weights)) {}

at::Tensor BlockView::attention_norm(const at::Tensor& x) const {
  return spec_->pre_norm ? weights_->attention_norm(x, *spec_) : x;
}

at::Tensor BlockView::project_q(const at::Tensor& x) const {
  return split_heads(weights_->q(x), spec_->heads, spec_->head_dim);
}

at::Tensor BlockView::project_k(const at::Tensor& x, const at::Tensor& delta) const {
  return split_heads(with_delta(weights_->k(x), delta), spec_->kv_heads, spec_->head_dim);
}

at::Tensor BlockView::project_v(const at::Tensor& x, const at::Tensor& delta) const {
  return split_heads(with_delta(weights_->v(x), delta), spec_->kv_heads, spec_->head_dim);
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
  const at::Tensor sum = x + attention_output(merged);
  return spec_->pre_norm ? sum : weights_->attention_norm(sum, *spec_);
}

at::Tensor BlockView::ffn(const at::Tensor& x) const {
  const BlockWeights& w = *weights_;
  const at::Tensor in = spec_->pre_norm ? w.ffn_norm(x, *spec_) : x;
  const at::Tensor inner = spec_->gated_ffn ? activated(w.gate(in), spec_->activation) * w.up(in)
                                            : activated(w.up(in), spec_->activation);
  const at::Tensor sum = x + w.down(inner);
  return spec_->pre_norm ? sum : w.ffn_norm(sum, *spec_);
}

}  // namespace lateral::model
