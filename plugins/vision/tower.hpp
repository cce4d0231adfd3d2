#pragma once
// A vision transformer: patches, blocks, and what can be taken from them.

#include <ATen/core/Tensor.h>

#include <functional>
#include <optional>
#include <vector>

#include "plugins/torch/layers.hpp"
#include "plugins/torch/weights.hpp"
#include "plugins/vision/spec.hpp"

namespace lateral::plugins {

/// Thread safety: constant after construction.
class Tower {
 public:
  /// For pictures of `size`. `pools` reads the last norm and the pooling head, too. Throws as Weights::take, or Unsupported for a
  /// size that the model does not take.
  Tower(VisionSpec spec, const Extent& size, Weights& weights, bool pools);

  const VisionSpec& spec() const noexcept { return spec_; }
  /// Patches of one picture, by rows.
  const Extent& grid() const noexcept { return grid_; }

  /// Pixels [views, 3, H, W]: `visit` sees the states [views, specials + patches, width] that enter block 0, then those that leave
  /// block 1, 2, ... up to `last` (counted so, layers at most). No norm is applied to them.
  void run(const at::Tensor& pixels, std::int64_t last,
           const std::function<void(std::int64_t, const at::Tensor&)>& visit) const;

  /// One vector a view, [views, width], from the states that leave the last block: that of the class token behind the last norm,
  /// or what the pooling head makes. REQUIRES: pools.
  at::Tensor pool(const at::Tensor& states) const;

  struct Attention {
    at::Tensor
        scores;  ///< [views, patches]: how much the class token attends to each patch, or all tokens on average
    at::Tensor keys;  ///< [views, patches, heads * head_width]
  };
  /// Of the last block, by the states that enter it.
  Attention last_attention(const at::Tensor& states) const;

 private:
  struct Block {
    LayerNorm norm1, norm2;
    Linear query, key, value, out, up, down;
    at::Tensor scale1, scale2;
  };
  struct PoolingHead {
    at::Tensor query;  // of the learned token
    Linear key, value, out, up, down;
    LayerNorm norm;
  };

  Block read_block(std::int64_t index, Weights& weights) const;
  Linear read_up(std::int64_t index, Weights& weights) const;
  PoolingHead read_pooling_head(Weights& weights) const;
  void read_embeddings(const Extent& size, Weights& weights);
  at::Tensor read_positions(const Extent& size, Weights& weights) const;
  at::Tensor read_vector(std::string_view part, Weights& weights) const;
  at::Tensor embed(const at::Tensor& pixels) const;
  at::Tensor through(const Block& block, const at::Tensor& states) const;
  at::Tensor feed_forward(const Block& block, const at::Tensor& x) const;
  at::Tensor through_head(const at::Tensor& states) const;

  VisionSpec spec_;
  Extent grid_;
  at::Tensor patch_weight_, patch_bias_;
  at::Tensor specials_;   // [specials, width]
  at::Tensor positions_;  // [specials + patches, width]
  std::optional<LayerNorm> pre_norm_, final_norm_;
  std::vector<Block> blocks_;
  std::optional<PoolingHead> head_;
};

}  // namespace lateral::plugins
