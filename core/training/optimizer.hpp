#pragma once
// AdamW (Loshchilov and Hutter 2019, algorithm 2) over ATen tensors, with clipping by the global gradient
// norm. Written here because torch/optim costs every file that sees it fifteen seconds, and because resuming
// to the same bytes needs a state whose every part is named.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "core/training/named_tensors.hpp"

namespace lateral::training {

struct AdamWOptions {
  double beta1 = 0.9, beta2 = 0.99, epsilon = 1e-8;
  double clip_norm = 1;  ///< gradients are scaled down to this global norm; 0 = never
};

/// One update is  m = b1 m + (1 - b1) g,  v = b2 v + (1 - b2) g^2,  and with rate r, decay d, update number t:
///   p = p - r d p - r (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon).
/// A parameter without a gradient in a step is left alone in that step; a step without any gradient is no update. Not
/// thread-safe.
class AdamW {
 public:
  /// Throws InvalidArgument when a parameter is not a floating leaf that requires gradients (it would
  /// silently never learn), when two share a name, or when a number cannot work.
  AdamW(std::vector<ParameterGroup> groups, AdamWOptions options = {});

  /// Drops all gradients.
  void zero_grad();

  /// Applies the gradients at rate `factor` x each group's rate. Returns the global gradient norm before
  /// clipping. Throws FailedPrecondition when that norm is not finite; nothing has changed then.
  double step(double factor);

  /// Everything besides the parameters that the next step depends on; the tensors share memory with
  /// the optimizer.
  NamedTensors state() const;
  std::int64_t updates() const { return updates_; }
  /// Takes back what state() and updates() gave.
  /// Throws Corrupt when a tensor is missing or has another shape.
  void restore(const NamedTensors& state, std::int64_t updates);

  /// All parameters in group order.
  NamedTensors parameters() const;

 private:
  struct Slot {
    std::string name;
    at::Tensor value, m, v;
    double learning_rate, weight_decay;
  };
  double gradient_norm() const;
  void update(Slot& slot, double factor, double gradient_scale) const;

  std::vector<Slot> slots_;
  AdamWOptions options_;
  std::int64_t updates_ = 0;
};

}  // namespace lateral::training
