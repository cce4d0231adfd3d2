#pragma once
// Text states that enter the first connected block. No modality reaches the blocks before it, so these states
// depend on the words alone: adaptation computes them once and runs only the connected blocks in every step.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/model/decoder.hpp"
#include "core/model/generate.hpp"
#include "core/training/progress.hpp"

namespace lateral::training {

/// Which states are kept, and with them every bit of later steps, is decided by the sequences and the limit
/// alone. Not thread-safe; refers to the decoder's shared parts and may outlive the Decoder object.
class EarlyStates {
 public:
  /// For the states that enter `first_block` in [0, layers]; kept ones take at most `max_bytes`.
  EarlyStates(model::Decoder decoder, std::int64_t first_block, std::int64_t max_bytes);

  /// Computes and keeps the states of `sequences`, shortest first, as far as the limit allows. Equal
  /// sequences count once. Throws Cancelled, and what embedding throws.
  void keep(std::vector<model::Ids> sequences, const CancelToken& cancel = {},
            const ProgressCallback& progress = {});

  /// [rows, longest, hidden]: one row per sequence, padded on the right with zeros, which a causal model
  /// never looks at from the left. Sequences that were not kept are computed.
  at::Tensor batch(std::span<const model::Ids> sequences) const;

  std::int64_t first_block() const { return first_block_; }
  std::int64_t bytes() const { return bytes_; }
  std::size_t kept() const { return states_.size(); }

 private:
  std::vector<at::Tensor> compute(std::span<const model::Ids> sequences) const;

  model::Decoder decoder_;
  std::int64_t first_block_, max_bytes_;
  std::int64_t bytes_ = 0;
  std::map<model::Ids, at::Tensor> states_;  // [length, hidden]
};

/// `sequences` as int64 [rows, longest], padded on the right with 0.
at::Tensor padded_ids(std::span<const model::Ids> sequences);

}  // namespace lateral::training
