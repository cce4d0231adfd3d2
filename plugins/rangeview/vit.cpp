#include "plugins/rangeview/vit.hpp"

#include <ATen/ops/cat.h>
#include <ATen/ops/linear.h>

#include <tuple>
#include <utility>

#include "core/base/error.hpp"
#include "core/format/json.hpp"
#include "plugins/rangeview/range_image.hpp"

namespace lateral::plugins {
namespace {

using format::json::Value;

// Beyond any such encoder there is; attention over so many patches takes minutes already.
constexpr std::int64_t kMaxSide = 8192, kMaxWidth = 16384, kMaxLayers = 256, kMaxPatches = 16384;

// Two sizes, or one for both.
std::pair<std::int64_t, std::int64_t> sizes(const Value& value) {
  if (!value.is(format::json::Kind::Array)) {
    const std::int64_t side = value.as_int(1, kMaxSide);
    return {side, side};
  }
  if (value.size() != 2) value.reject("[rows, columns]");
  return {value[0].as_int(1, kMaxSide), value[1].as_int(1, kMaxSide)};
}

void check(const VitShape& shape, const Value& root) {
  if (shape.rows % shape.patch_rows != 0 || shape.columns % shape.patch_columns != 0)
    root.at("patch_size").reject("sizes that divide image_size");
  if (shape.grid_rows() * shape.grid_columns() > kMaxPatches)
    root.at("patch_size")
        .reject("patches of which at most " + std::to_string(kMaxPatches) + " make an image");
  if (shape.hidden % shape.heads != 0) root.at("num_attention_heads").reject("a divisor of hidden_size");
  if (!(shape.epsilon > 0.0 && shape.epsilon < 1.0))
    root.at("layer_norm_eps").reject("a small positive number");
}

}  // namespace

VitShape read_vit_shape(const std::filesystem::path& config) {
  const Value root = format::json::read_file(config, {.max_bytes = 1U << 20U});
  if (root.get("model_type", "") != "vit") {
    fail(Errc::Unsupported, "weights", config.string(), ": model_type \"", root.get("model_type", ""),
         "\"; a range view is read by a \"vit\"");
  }
  root.at("num_channels").as_int(kRangeChannels, kRangeChannels);
  VitShape shape;
  std::tie(shape.rows, shape.columns) = sizes(root.at("image_size"));
  std::tie(shape.patch_rows, shape.patch_columns) = sizes(root.at("patch_size"));
  shape.hidden = root.at("hidden_size").as_int(1, kMaxWidth);
  shape.layers = root.at("num_hidden_layers").as_int(1, kMaxLayers);
  shape.heads = root.at("num_attention_heads").as_int(1, kMaxWidth);
  shape.intermediate = root.at("intermediate_size").as_int(1, 8 * kMaxWidth);
  shape.epsilon = root.get("layer_norm_eps", 1e-12);
  shape.activation = activation_named(root.get("hidden_act", "gelu"), config.string());
  shape.qkv_bias = root.get("qkv_bias", true);
  check(shape, root);
  return shape;
}

Vit::Vit(const VitShape& shape, Weights& weights) : shape_(shape) {
  const std::string base = weights.has("vit.embeddings.cls_token") ? "vit." : "";
  const std::string embeddings = base + "embeddings.";
  const std::int64_t width = shape.hidden;
  class_token_ = weights.take(embeddings + "cls_token", {1, 1, width}).flatten(0, 1);
  positions_ =
      weights
          .take(embeddings + "position_embeddings", {1, 1 + shape.grid_rows() * shape.grid_columns(), width})
          .squeeze(0);
  const std::string projection = embeddings + "patch_embeddings.projection";
  kernel_ =
      weights.take(projection + ".weight", {width, kRangeChannels, shape.patch_rows, shape.patch_columns})
          .flatten(1);
  kernel_bias_ = weights.take(projection + ".bias", {width});
  for (std::int64_t i = 0; i < shape.layers; ++i) {
    const std::string name = base + "encoder.layer." + std::to_string(i) + ".";
    const auto inner = [&](const char* part) {
      return Linear(weights, name + "attention.attention." + part, width, width, shape.qkv_bias);
    };
    blocks_.push_back({.before = {weights, name + "layernorm_before", width, shape.epsilon},
                       .after = {weights, name + "layernorm_after", width, shape.epsilon},
                       .query = inner("query"),
                       .key = inner("key"),
                       .value = inner("value"),
                       .output = {weights, name + "attention.output.dense", width, width},
                       .up = {weights, name + "intermediate.dense", width, shape.intermediate},
                       .down = {weights, name + "output.dense", shape.intermediate, width}});
  }
  norm_ = {weights, base + "layernorm", width, shape.epsilon};
}

// A convolution whose stride is its kernel, as one product.
at::Tensor Vit::patches(const at::Tensor& image) const {
  const at::Tensor cut = image.unfold(1, shape_.patch_rows, shape_.patch_rows)
                             .unfold(2, shape_.patch_columns, shape_.patch_columns);  // [5, R, C, r, c]
  return at::linear(cut.permute({1, 2, 0, 3, 4}).flatten(2).flatten(0, 1), kernel_, kernel_bias_);
}

at::Tensor Vit::operator()(const at::Tensor& image, const std::function<void()>& between) const {
  at::Tensor x = (at::cat({class_token_, patches(image)}) + positions_).unsqueeze(0);
  for (const EncoderBlock& block : blocks_) {
    between();
    x = block(x, shape_.heads, shape_.activation);
  }
  return norm_(x).squeeze(0).slice(0, 1).unflatten(0, {shape_.grid_rows(), shape_.grid_columns()});
}

}  // namespace lateral::plugins
