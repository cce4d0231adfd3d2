#pragma once
// Low-rank changes of the key and value projections of the connected blocks (LoRA, arXiv 2106.09685), kept
// beside the weights: they belong to one connection and leave with it.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "core/model/attachments.hpp"
#include "core/model/block_view.hpp"
#include "core/model/weights.hpp"
#include "core/wiring/block_set.hpp"

namespace lateral::connector {

struct LoraShape {
  std::int64_t rank = 8;
  double alpha = 32.0;        ///< the change is scaled by alpha / rank
  std::int64_t hidden = 0;    ///< of the language model
  std::int64_t kv_width = 0;  ///< its kv_heads * head_dim
  friend bool operator==(const LoraShape&, const LoraShape&) = default;
};

/// Copies share tensors. Thread safety: const members from any thread.
class KvLora {
 public:
  /// Down maps uniform in +-1/sqrt(hidden), up maps 0: at the start nothing changes, exactly. Throws
  /// InvalidArgument for a size below 1.
  KvLora(const LoraShape& shape, wiring::BlockSet blocks, std::uint64_t seed);

  const LoraShape& shape() const { return shape_; }
  const wiring::BlockSet& blocks() const { return blocks_; }

  /// alpha / rank * (normed down^T) up^T for keys and values of `normed` [batch, T, hidden]; undefined
  /// tensors for a block that is not connected.
  model::KvDelta delta(std::int64_t block, const at::Tensor& normed) const;

  /// "lora.B.k.down" [rank, hidden], "lora.B.k.up" [kv_width, rank], the same for v, for each block B.
  std::vector<model::NamedTensor> parameters() const;

 private:
  struct Pair {
    at::Tensor down, up;
    at::Tensor operator()(const at::Tensor& x, double scale) const;
  };
  struct Block {
    Pair k, v;
  };
  LoraShape shape_;
  wiring::BlockSet blocks_;
  std::vector<Block> pairs_;  // in the order of blocks_
};

}  // namespace lateral::connector
