#include "plugins/vision/selection.hpp"

#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/stack.h>

#include <algorithm>

#include "plugins/torch/bridge.hpp"

namespace lateral::plugins {
namespace {

constexpr std::int64_t kMaxLayers = 512;

}  // namespace

std::int64_t count_option(sdk::Options& options, const std::string& key, std::int64_t usual, std::int64_t low,
                          std::int64_t high) {
  const auto count = options.get(key, usual);
  if (count < low || count > high)
    sdk::fail(LAT_INVALID_ARGUMENT, "option \"", key, "\" is ", count, "; ", low, " to ", high,
              " is possible");
  return count;
}

// Options of another kind of tokens are not read, and so refused by name.
Selection::Selection(sdk::Options& options) {
  const auto tokens = options.get("tokens", "class");
  if (tokens == "class") {
    layers_ = count_option(options, "layers", 4, 1, kMaxLayers);
    name_ = tokens + std::to_string(layers_);
  } else if (tokens == "patch") {
    kind_ = Kind::Patch;
    layer_ = count_option(options, "layer", -1, -kMaxLayers, kMaxLayers);
    pool_ = count_option(options, "pool", 1, 1, 64);
  } else if (tokens == "pooled") {
    kind_ = Kind::Pooled;
    name_ = tokens;
  } else {
    sdk::fail(LAT_INVALID_ARGUMENT, "option \"tokens\" is \"", tokens, "\"; known: class, patch, pooled");
  }
}

void Selection::fit(const Tower& tower) {
  const std::int64_t blocks = tower.spec().layers;
  if (kind_ == Kind::Class && !tower.spec().class_token)
    sdk::fail(LAT_INVALID_ARGUMENT, tower.spec().family,
              " has no class token; tokens = \"pooled\" or \"patch\"");
  if (kind_ == Kind::Pooled && !tower.spec().class_token && !tower.spec().pooling_head)
    sdk::fail(LAT_INVALID_ARGUMENT, "this ", tower.spec().family, " has no pooling head; tokens = \"patch\"");
  if (layers_ > blocks)
    sdk::fail(LAT_INVALID_ARGUMENT, "option \"layers\" is ", layers_, "; this model has ", blocks, " blocks");
  if (kind_ != Kind::Patch) return;
  if (layer_ < 0) layer_ += blocks + 1;
  if (layer_ < 0 || layer_ > blocks) {
    sdk::fail(LAT_INVALID_ARGUMENT, "option \"layer\" leads out of the model: it has ", blocks,
              " blocks; 0 is what enters the first, -1 what leaves the last");
  }
  name_ = "patch" + std::to_string(layer_) + "." + std::to_string(pool_);
}

Extent Selection::pooled_grid(const Tower& tower) const {
  return {(tower.grid().height + pool_ - 1) / pool_, (tower.grid().width + pool_ - 1) / pool_};
}

std::int64_t Selection::tokens_a_view(const Tower& tower) const {
  if (kind_ == Kind::Class) return layers_;
  if (kind_ == Kind::Pooled) return 1;
  const Extent grid = pooled_grid(tower);
  return grid.height * grid.width;
}

/// [views, patches, n] to [views * squares, n]; a square at the edge is the average of what there is of it.
at::Tensor Selection::averaged(const at::Tensor& patches, const Tower& tower) const {
  if (pool_ == 1) return patches.flatten(0, 1);
  const at::Tensor grid = patches.transpose(1, 2).unflatten(2, {tower.grid().height, tower.grid().width});
  return at::avg_pool2d(grid, pool_, pool_, 0, true, false).flatten(2).transpose(1, 2).flatten(0, 1);
}

void Selection::write(const Tower& tower, const at::Tensor& pixels, sdk::Outputs& out) const {
  switch (kind_) {
    case Kind::Class:
      return write_classes(tower, pixels, out);
    case Kind::Pooled:
      return write_pooled(tower, pixels, out);
    case Kind::Patch:
      return write_patches(tower, pixels, out);
  }
}

void Selection::write_classes(const Tower& tower, const at::Tensor& pixels, const sdk::Outputs& out) const {
  const std::int64_t blocks = tower.spec().layers;
  std::vector<at::Tensor> classes;
  tower.run(pixels, blocks, [&](std::int64_t layer, const at::Tensor& states) {
    out.check();
    if (layer > blocks - layers_) classes.push_back(states.select(1, 0));
  });
  write_rows(at::stack(classes, 1).flatten(0, 1), out.tokens());
}

void Selection::write_pooled(const Tower& tower, const at::Tensor& pixels, const sdk::Outputs& out) const {
  at::Tensor last;
  tower.run(pixels, tower.spec().layers, [&](std::int64_t, const at::Tensor& states) {
    out.check();
    last = states;
  });
  write_rows(tower.pool(last), out.tokens());
}

void Selection::write_patches(const Tower& tower, const at::Tensor& pixels, const sdk::Outputs& out) const {
  const std::int64_t entering_last = tower.spec().layers - 1;
  at::Tensor chosen;
  at::Tensor before;
  tower.run(pixels, std::max(layer_, entering_last), [&](std::int64_t layer, const at::Tensor& states) {
    out.check();
    if (layer == layer_)
      chosen = states.narrow(1, tower.spec().specials(), states.size(1) - tower.spec().specials());
    if (layer == entering_last) before = states;
  });
  const auto attention = tower.last_attention(before);
  write_rows(averaged(chosen, tower), out.tokens());
  write_rows(averaged(attention.scores.unsqueeze(-1), tower), out.scores());
  write_rows(averaged(attention.keys, tower), out.keys());
  write_positions(tower, pixels.size(0), out.positions());
}

void Selection::write_positions(const Tower& tower, std::int64_t views, const sdk::View<float>& out) const {
  const Extent grid = pooled_grid(tower);
  float* to = out.data();
  for (std::int64_t view = 0; view < views; ++view) {
    for (std::int64_t y = 0; y < grid.height; ++y) {
      for (std::int64_t x = 0; x < grid.width; ++x) {
        *to++ = static_cast<float>(view);
        *to++ = static_cast<float>(y);
        *to++ = static_cast<float>(x);
      }
    }
  }
}

}  // namespace lateral::plugins
