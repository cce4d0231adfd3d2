#pragma once
// What makes one vision transformer different from another, read from a config.json. One tower is driven by it; there is no
// class per family.

#include <filesystem>
#include <string>
#include <string_view>

#include "core/base/hash.hpp"
#include "plugins/torch/layers.hpp"
#include "plugins/vision/preprocess.hpp"

namespace lateral::plugins {

/// Where a family keeps its weights; names of a block follow BLOCK + number + ".".
struct WeightNames {
  std::string_view class_token, distillation, positions, patch;
  std::string_view pre_norm, block, norm1, query, key, value, out, scale1, norm2, up, down, scale2,
      final_norm;
};

struct VisionSpec {
  std::string family;  ///< model_type of the tower, e.g. "clip_vision_model"
  std::string prefix;  ///< before all names when the tower is a part of something larger, e.g. "vit."
  std::int64_t width = 768, layers = 12, heads = 12, head_width = 64, inner = 3072;
  Extent image{224, 224}, patch{16, 16};
  double epsilon = 1e-12;
  Activation activation = Activation::Gelu;
  bool qkv_bias = true;
  bool class_token = true;
  bool distillation = false;  ///< a second token before the patches
  bool patch_bias = true;
  bool pre_norm = false;  ///< before the first block
  bool layer_scale = false;
  bool gated = false;         ///< SwiGLU, gate and up in one matrix
  bool interpolates = false;  ///< takes other sizes than `image`
  bool pooling_head = false;  ///< a learned query attends to the last states
  bool batched_names = true;  ///< class token and positions have a leading axis of 1
  WeightNames names;

  std::int64_t specials() const { return (class_token ? 1 : 0) + (distillation ? 1 : 0); }
  std::string name(std::string_view part) const { return prefix + std::string(part); }
  void add_to(Hash64& hash) const;
};

/// Reads FOLDER/config.json; of a model of texts and pictures, the part about pictures. Throws lateral::Error: NotFound, Corrupt
/// naming the place of a wrong value, or Unsupported naming the families that are known.
VisionSpec read_vision_spec(const std::filesystem::path& folder);

}  // namespace lateral::plugins
