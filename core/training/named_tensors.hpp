#pragma once
// The tensors a training run moves, by name: names are what checkpoints and error messages speak of.

#include <ATen/core/Tensor.h>

#include <string>
#include <string_view>
#include <vector>

#include "core/model/weights.hpp"

namespace lateral::training {

using NamedTensors = std::vector<model::NamedTensor>;

/// Parameters that share a learning rate.
struct ParameterGroup {
  std::string name;          ///< "aligners", "links", "lora", ...
  NamedTensors parameters;   ///< leaves that require gradients, floating point; updated in place
  double learning_rate = 0;  ///< before the schedule's factor
  double weight_decay = 0;
};

/// Copies each tensor of `to` from the one of the same name in `from`, in place and without gradients. Names
/// that only `from` has are ignored. Throws Corrupt, naming the first tensor that is missing or has another
/// shape or dtype; nothing has been copied then.
void copy_by_name(const NamedTensors& from, const NamedTensors& to, std::string_view where);

/// Copies that share no memory and carry no gradients.
NamedTensors snapshot(const NamedTensors& tensors);

}  // namespace lateral::training
