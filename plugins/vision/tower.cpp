#include "plugins/vision/tower.hpp"

#include <ATen/ops/cat.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/upsample_bicubic2d.h>

#include <cmath>
#include <utility>

#include "core/base/error.hpp"

namespace lateral::plugins {
namespace {

/// Where in its file the tower begins.
std::string prefix_of(const VisionSpec& spec, const Weights& weights) {
  for (const std::string& prefix : {std::string(), spec.family + ".", std::string("vision_model.")}) {
    if (weights.has(prefix + std::string(spec.names.patch) + ".weight")) return prefix;
  }
  return {};
}

bool has_module_names(const VisionSpec& spec, const Weights& weights) {
  const auto& names = spec.module_names;
  return weights.has(spec.name(names.block) + "0." + std::string(names.query) + ".weight");
}

std::int64_t patches_of(const Extent& grid) {
  return grid.height * grid.width;
}

bool takes(const VisionSpec& spec, const Extent& size) {
  if (size == spec.image) return true;
  const Extent grid = spec.grid_of(size);
  if (spec.sizes == Sizes::Any) return patches_of(grid) > 0;
  return spec.sizes == Sizes::AsMany && patches_of(grid) == patches_of(spec.grid_of(spec.image));
}

/// Positions of a square of patches for another grid.
at::Tensor interpolated(const at::Tensor& positions, std::int64_t side, const Extent& grid) {
  const at::Tensor square = positions.view({1, side, side, -1}).permute({0, 3, 1, 2});
  return at::upsample_bicubic2d(square, {grid.height, grid.width}, false)
      .permute({0, 2, 3, 1})
      .reshape({grid.height * grid.width, -1});
}

}  // namespace

Tower::Tower(VisionSpec spec, const Extent& size, Weights& weights, bool pools) : spec_(std::move(spec)) {
  spec_.prefix = prefix_of(spec_, weights);
  if (has_module_names(spec_, weights)) spec_.names = spec_.module_names;
  read_embeddings(size, weights);
  if (spec_.pre_norm)
    pre_norm_.emplace(weights, spec_.name(spec_.names.pre_norm), spec_.width, spec_.epsilon);
  for (std::int64_t i = 0; i < spec_.layers; ++i) blocks_.push_back(read_block(i, weights));
  if (!pools) return;
  final_norm_.emplace(weights, spec_.name(spec_.names.final_norm), spec_.width, spec_.epsilon);
  if (spec_.pooling_head) head_ = read_pooling_head(weights);
}

at::Tensor Tower::read_vector(std::string_view part, Weights& weights) const {
  using Shape = std::vector<std::int64_t>;
  return weights.take(spec_.name(part), spec_.batched_names ? Shape{1, 1, spec_.width} : Shape{spec_.width})
      .view({1, spec_.width});
}

void Tower::read_embeddings(const Extent& size, Weights& weights) {
  const auto& names = spec_.names;
  grid_ = spec_.grid_of(size);
  if (!takes(spec_, size)) {
    fail(Errc::Unsupported, "vision", weights.source().string(), ": its processor makes pictures of ",
         size.height, " by ", size.width, ", config.json wants ", spec_.image.height, " by ",
         spec_.image.width);
  }
  const auto patch = spec_.name(names.patch);
  patch_weight_ = weights.take(patch + ".weight", {spec_.width, 3, spec_.patch.height, spec_.patch.width});
  if (spec_.patch_bias) patch_bias_ = weights.take(patch + ".bias", {spec_.width});
  std::vector<at::Tensor> specials;
  if (spec_.class_token) specials.push_back(read_vector(names.class_token, weights));
  if (spec_.distillation) specials.push_back(read_vector(names.distillation, weights));
  if (!specials.empty()) specials_ = at::cat(specials);
  positions_ = read_positions(size, weights);
}

/// Interpolated as transformers does it: from a square, whatever the grid of `image` is, unless a square picture has as many
/// patches.
at::Tensor Tower::read_positions(const Extent& size, Weights& weights) const {
  const std::int64_t stored = patches_of(spec_.grid_of(spec_.image));
  const std::int64_t rows = spec_.specials() + stored;
  using Shape = std::vector<std::int64_t>;
  const at::Tensor positions =
      weights
          .take(spec_.name(spec_.names.positions),
                spec_.batched_names ? Shape{1, rows, spec_.width} : Shape{rows, spec_.width})
          .view({rows, spec_.width});
  const bool fit = patches_of(grid_) == stored && size.height == size.width;
  if (spec_.sizes != Sizes::Any || fit) return positions;
  const auto side = static_cast<std::int64_t>(std::sqrt(static_cast<double>(stored)));
  if (side * side != stored) {
    fail(Errc::Unsupported, "vision", weights.source().string(),
         ": only positions of a square can be interpolated, config.json's image_size and patch_size make ",
         stored);
  }
  return at::cat({positions.narrow(0, 0, spec_.specials()),
                  interpolated(positions.narrow(0, spec_.specials(), stored), side, grid_)});
}

Tower::Block Tower::read_block(std::int64_t index, Weights& weights) const {
  const auto& names = spec_.names;
  const auto part = [&](std::string_view name) { return spec_.block_name(index, name); };
  const auto norm = [&](std::string_view name) {
    return LayerNorm(weights, part(name), spec_.width, spec_.epsilon);
  };
  const std::int64_t heads = spec_.heads * spec_.head_width;
  const auto projection = [&](std::string_view name) {
    return Linear(weights, part(name), spec_.width, heads, spec_.qkv_bias);
  };
  Block block;
  block.norm1 = norm(names.norm1);
  block.query = projection(names.query);
  block.key = projection(names.key);
  block.value = projection(names.value);
  block.out = Linear(weights, part(names.out), heads, spec_.width);
  block.norm2 = norm(names.norm2);
  block.up = read_up(index, weights);
  block.down = Linear(weights, part(names.down), spec_.inner, spec_.width);
  if (spec_.layer_scale) {
    block.scale1 = weights.take(part(names.scale1), {spec_.width});
    block.scale2 = weights.take(part(names.scale2), {spec_.width});
  }
  return block;
}

Linear Tower::read_up(std::int64_t index, Weights& weights) const {
  const std::string up = spec_.block_name(index, spec_.names.up);
  if (spec_.names.gate.empty())
    return Linear(weights, up, spec_.width, spec_.gated ? 2 * spec_.inner : spec_.inner);
  const std::string gate = spec_.block_name(index, spec_.names.gate);
  const auto both = [&](const char* part, const std::vector<std::int64_t>& shape) {
    return at::cat({weights.take(gate + part, shape), weights.take(up + part, shape)});
  };
  return {both(".weight", {spec_.inner, spec_.width}), both(".bias", {spec_.inner})};
}

Tower::PoolingHead Tower::read_pooling_head(Weights& weights) const {
  const std::int64_t width = spec_.width;
  const auto part = [&](std::string_view name) { return spec_.name("head." + std::string(name)); };
  const at::Tensor probe = weights.take(part("probe"), {1, 1, width});
  const auto in = weights.take(part("attention.in_proj_weight"), {3 * width, width}).chunk(3);
  const auto bias = weights.take(part("attention.in_proj_bias"), {3 * width}).chunk(3);
  return {Linear(in[0], bias[0])(probe),
          Linear(in[1], bias[1]),
          Linear(in[2], bias[2]),
          Linear(weights, part("attention.out_proj"), width, width),
          Linear(weights, part("mlp.fc1"), width, spec_.inner),
          Linear(weights, part("mlp.fc2"), spec_.inner, width),
          LayerNorm(weights, part("layernorm"), width, spec_.epsilon)};
}

at::Tensor Tower::embed(const at::Tensor& pixels) const {
  at::Tensor states = at::conv2d(pixels, patch_weight_, patch_bias_, {spec_.patch.height, spec_.patch.width});
  states = states.flatten(2).transpose(1, 2);
  if (specials_.defined())
    states = at::cat({specials_.unsqueeze(0).expand({pixels.size(0), -1, -1}), states}, 1);
  states = states + positions_;
  return pre_norm_ ? (*pre_norm_)(states) : states;
}

at::Tensor Tower::feed_forward(const Block& block, const at::Tensor& x) const {
  const at::Tensor inner = block.up(x);
  if (!spec_.gated) return block.down(activate(spec_.activation, inner));
  const auto halves = inner.chunk(2, -1);
  return block.down(at::silu(halves[0]) * halves[1]);
}

at::Tensor Tower::through(const Block& block, const at::Tensor& states) const {
  const auto scaled = [](const at::Tensor& x, const at::Tensor& scale) {
    return scale.defined() ? x * scale : x;
  };
  const at::Tensor x = block.norm1(states);
  const at::Tensor mixed = block.out(attention(block.query(x), block.key(x), block.value(x), spec_.heads));
  const at::Tensor after = states + scaled(mixed, block.scale1);
  return after + scaled(feed_forward(block, block.norm2(after)), block.scale2);
}

void Tower::run(const at::Tensor& pixels, std::int64_t last,
                const std::function<void(std::int64_t, const at::Tensor&)>& visit) const {
  at::Tensor states = embed(pixels);
  visit(0, states);
  for (std::int64_t i = 0; i < last; ++i) {
    states = through(blocks_[static_cast<std::size_t>(i)], states);
    visit(i + 1, states);
  }
}

at::Tensor Tower::through_head(const at::Tensor& states) const {
  const at::Tensor query = head_->query.expand({states.size(0), -1, -1});
  const at::Tensor mixed =
      head_->out(attention(query, head_->key(states), head_->value(states), spec_.heads));
  return (mixed + head_->down(activate(spec_.activation, head_->up(head_->norm(mixed))))).squeeze(1);
}

at::Tensor Tower::pool(const at::Tensor& states) const {
  if (head_) return through_head((*final_norm_)(states));
  return (*final_norm_)(states.select(1, 0));
}

Tower::Attention Tower::last_attention(const at::Tensor& states) const {
  const Block& block = blocks_.back();
  const at::Tensor x = block.norm1(states);
  const at::Tensor keys = block.key(x);
  const at::Tensor queries = block.query(spec_.class_token ? x.narrow(1, 0, 1) : x);
  const double scale = 1.0 / std::sqrt(static_cast<double>(spec_.head_width));
  std::vector<at::Tensor> scores;
  for (std::int64_t view = 0; view < states.size(0); ++view) {  // one at a time: all against all is large
    const at::Tensor q = split_heads(queries.select(0, view), spec_.heads);
    const at::Tensor k = split_heads(keys.select(0, view), spec_.heads);
    scores.push_back(at::softmax(at::matmul(q, k.transpose(-1, -2)) * scale, -1).mean(at::IntArrayRef{0, 1}));
  }
  const std::int64_t first = spec_.specials();
  const std::int64_t patches = states.size(1) - first;
  return {at::stack(scores).narrow(1, first, patches), keys.narrow(1, first, patches)};
}

}  // namespace lateral::plugins
