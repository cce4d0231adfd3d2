#pragma once
// A vision transformer over a range image, from weights as transformers' ViTModel has them.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

#include "plugins/torch/layers.hpp"
#include "plugins/torch/weights.hpp"

namespace lateral::plugins {

/// What the config.json of a ViT says.
struct VitShape {
  std::int64_t rows = 0, columns = 0;  ///< of the image
  std::int64_t patch_rows = 0, patch_columns = 0;
  std::int64_t hidden = 0, layers = 0, heads = 0, intermediate = 0;
  double epsilon = 0.0;
  Activation activation = Activation::Gelu;
  bool qkv_bias = true;

  std::int64_t grid_rows() const { return rows / patch_rows; }
  std::int64_t grid_columns() const { return columns / patch_columns; }
};

/// Of a config.json with model_type "vit", five channels, and image_size and patch_size as [rows, columns]. Throws
/// lateral::Error: Corrupt or Unsupported, naming the member.
VitShape read_vit_shape(const std::filesystem::path& config);

/// Immutable; one object may be used by several threads at once.
class Vit {
 public:
  /// Names may begin with "vit.". Throws as Weights::take.
  Vit(const VitShape& shape, Weights& weights);

  /// The states of the patches behind the last norm, without the class token: [grid rows, grid columns, hidden] of an
  /// image [5, rows, columns]. Calls `between` before each block.
  at::Tensor operator()(const at::Tensor& image, const std::function<void()>& between) const;

 private:
  at::Tensor patches(const at::Tensor& image) const;

  VitShape shape_;
  at::Tensor class_token_, positions_, kernel_, kernel_bias_;
  std::vector<EncoderBlock> blocks_;
  LayerNorm norm_;
};

}  // namespace lateral::plugins
