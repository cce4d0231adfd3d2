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
  std::string_view gate;  ///< empty: "up" holds its rows first
};

/// The pictures that a tower takes.
enum class Sizes {
  Own,     ///< of `image` alone
  AsMany,  ///< all that make as many patches; each patch has the position of its number
  Any,     ///< positions are interpolated
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
  bool gated = false;  ///< SwiGLU
  Sizes sizes = Sizes::Own;
  bool free_heads = true;     ///< head_dim and qkv_bias of config.json count
  bool pooling_head = false;  ///< a learned query attends to the last states
  bool batched_names = true;  ///< class token and positions have a leading axis of 1
  WeightNames names;
  WeightNames module_names;  ///< as transformers 5 calls its modules, which it can also write

  Extent grid_of(const Extent& picture) const {
    return {picture.height / patch.height, picture.width / patch.width};
  }
  std::int64_t specials() const { return (class_token ? 1 : 0) + (distillation ? 1 : 0); }
  std::string name(std::string_view part) const { return prefix + std::string(part); }
  /// Of a part of block `index`, but for ".weight" and ".bias".
  std::string block_name(std::int64_t index, std::string_view part) const {
    return name(names.block) + std::to_string(index) + "." + std::string(part);
  }
  void add_to(Hash64& hash) const;
};

/// Reads FOLDER/config.json; of a model of texts and pictures, the part about pictures (CLIP's vision_config_dict before its
/// vision_config; all as usual where there is neither). Throws lateral::Error: NotFound, Corrupt naming the place of a wrong
/// value, or Unsupported naming the families that are known.
VisionSpec read_vision_spec(const std::filesystem::path& folder);

}  // namespace lateral::plugins
