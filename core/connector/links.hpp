#pragma once
// The gates between one modality and its blocks: a trained scalar per connected block that scales keys
// and values.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "core/model/weights.hpp"
#include "core/wiring/block_set.hpp"

namespace lateral::connector {

/// alpha_b = sigmoid(w_b / tau). A small alpha does not disconnect: the columns still take part in the
/// softmax with score 0 (only absence disconnects). Copies share tensors. Thread safety: const members from
/// any thread.
class Links {
 public:
  /// w uniform in (-1, 1), so that alpha begins in [0.27, 0.73] for tau 1.
  /// Throws InvalidArgument unless tau > 0.
  Links(wiring::BlockSet blocks, std::uint64_t seed, double tau = 1.0);

  const wiring::BlockSet& blocks() const { return blocks_; }
  double tau() const { return tau_; }
  at::Tensor weights() const { return w_; }  ///< float [blocks().size()]
  at::Tensor alphas() const;                 ///< float [blocks().size()], in the order of blocks()

  std::vector<model::NamedTensor> parameters() const;  ///< "links.w"

 private:
  wiring::BlockSet blocks_;
  double tau_;
  at::Tensor w_;
};

}  // namespace lateral::connector
