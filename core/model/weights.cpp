#include "core/model/weights.hpp"

#include <ATen/ATen.h>

#include "core/base/error.hpp"
#include "core/model/families.hpp"

namespace lateral::model {
namespace {

using Shape = std::vector<std::int64_t>;

/// Puts prefix and stem together and hands the parts of linears and norms to the visitor.
class Visitor {
 public:
  Visitor(const DecoderSpec& spec, std::string prefix, const VisitTensor& visit)
      : spec_(spec), prefix_(std::move(prefix)), visit_(visit) {}

  void linear(std::string_view stem, Linear& linear, std::int64_t out, std::int64_t in, bool bias) const {
    one(stem, ".weight", linear.weight, linear.input_major ? Shape{in, out} : Shape{out, in});
    if (bias) one(stem, ".bias", linear.bias, {out});
  }
  void norm(std::string_view stem, Norm& norm, std::int64_t width) const {
    if (!spec_.norm_affine) return;
    one(stem, ".weight", norm.weight, {width});
    if (spec_.norm == NormKind::Layer) one(stem, ".bias", norm.bias, {width});
  }
  void one(std::string_view stem, std::string_view suffix, at::Tensor& tensor, const Shape& shape) const {
    visit_(prefix_ + std::string(stem) + std::string(suffix), tensor, shape);
  }

 private:
  const DecoderSpec& spec_;
  std::string prefix_;
  const VisitTensor& visit_;
};

}  // namespace

void visit_block(const DecoderSpec& spec, std::int64_t index, BlockWeights& block, const VisitTensor& visit) {
  const TensorNames& names = family_of(spec.family).names;
  for (Linear* linear :
       {&block.q, &block.k, &block.v, &block.qkv, &block.output, &block.gate, &block.up, &block.down})
    linear->input_major = names.input_major;
  const Visitor each(spec, std::string(names.block_prefix) + std::to_string(index) + ".", visit);
  const std::int64_t q_width = spec.heads * spec.head_dim;
  each.norm(names.attention_norm, block.attention_norm, spec.hidden);
  if (spec.qkv == QkvLayout::Separate) {
    each.linear(names.q, block.q, q_width, spec.hidden, spec.qkv_bias);
    each.linear(names.k, block.k, spec.kv_width(), spec.hidden, spec.qkv_bias);
    each.linear(names.v, block.v, spec.kv_width(), spec.hidden, spec.qkv_bias);
  } else {
    each.linear(names.qkv, block.qkv, 3 * q_width, spec.hidden, spec.qkv_bias);
  }
  if (spec.qk_norm) {
    each.norm(names.q_norm, block.q_norm, spec.head_dim);
    each.norm(names.k_norm, block.k_norm, spec.head_dim);
  }
  each.linear(names.output, block.output, spec.hidden, q_width, spec.output_bias);
  each.norm(names.ffn_norm, block.ffn_norm, spec.hidden);
  if (spec.gated_ffn) each.linear(names.gate, block.gate, spec.intermediate, spec.hidden, spec.ffn_bias);
  each.linear(names.up, block.up, spec.intermediate, spec.hidden, spec.ffn_bias);
  each.linear(names.down, block.down, spec.hidden, spec.intermediate, spec.ffn_bias);
}

void visit_outer(const DecoderSpec& spec, OuterWeights& outer, const VisitTensor& visit) {
  const TensorNames& names = family_of(spec.family).names;
  const Visitor each(spec, "", visit);
  each.one(names.tokens, ".weight", outer.tokens, {spec.vocab, spec.embedding_width});
  if (spec.positions == PositionKind::Learned) {
    each.one(names.positions, ".weight", outer.positions,
             {spec.max_positions + spec.position_offset, spec.hidden});
  }
  if (spec.embedding_norm) each.norm(names.embedding_norm, outer.embedding_norm, spec.hidden);
  if (spec.embedding_width != spec.hidden) {
    each.linear(names.project_in, outer.project_in, spec.hidden, spec.embedding_width, false);
    each.linear(names.project_out, outer.project_out, spec.embedding_width, spec.hidden, false);
  }
  if (spec.final_norm) each.norm(names.final_norm, outer.final_norm, spec.hidden);
  if (spec.tied_head) {
    outer.head = outer.tokens;
  } else {
    each.one(names.head, ".weight", outer.head, {spec.vocab, spec.embedding_width});
  }
}

BlockStore::BlockStore(std::vector<std::shared_ptr<const BlockWeights>> blocks,
                       std::shared_ptr<const BlockSource> source)
    : source_(std::move(source)), blocks_(std::move(blocks)) {
  for (const auto& block : blocks_) {
    pinned_.push_back(block != nullptr);
    if (!block && !source_) fail(Errc::Internal, "weights", "a block that neither exists nor has a source");
  }
}

std::shared_ptr<const BlockWeights> BlockStore::block(std::int64_t index) const {
  if (index < 0 || index >= size()) fail(Errc::InvalidArgument, "weights", "block ", index, " of ", size());
  const auto slot = static_cast<std::size_t>(index);
  const std::lock_guard lock(mutex_);
  if (!blocks_[slot]) blocks_[slot] = std::make_shared<const BlockWeights>(source_->load(index));
  return blocks_[slot];
}

bool BlockStore::resident(std::int64_t index) const {
  const std::lock_guard lock(mutex_);
  return blocks_.at(static_cast<std::size_t>(index)) != nullptr;
}

void BlockStore::release(std::int64_t first, std::int64_t last) {
  if (first < 0 || first > last || last > size()) {
    fail(Errc::InvalidArgument, "weights", "blocks [", first, ", ", last, ") of ", size());
  }
  for (std::int64_t index = first; index < last; ++index) {
    if (pinned(index)) {
      fail(Errc::FailedPrecondition, "weights", "block ", index,
           " is in no file: nothing could bring it back");
    }
  }
  const std::lock_guard lock(mutex_);
  for (std::int64_t index = first; index < last; ++index) {
    blocks_[static_cast<std::size_t>(index)].reset();
    source_->evict(index);
  }
}

}  // namespace lateral::model
