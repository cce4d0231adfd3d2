#include "core/training/trained_parts.hpp"

#include <ATen/ATen.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "core/model/weights.hpp"

namespace lateral::training {

NamedTensors parameters_of(const connector::Adapter& adapter, std::string_view prefix) {
  NamedTensors chosen;
  for (const auto& parameter : adapter.parameters()) {
    if (parameter.name.starts_with(prefix)) chosen.push_back(parameter);
  }
  return chosen;
}

RecordGradients::RecordGradients(const NamedTensors& tensors) : tensors_(tensors) {
  for (auto& parameter : tensors_) parameter.tensor.requires_grad_(true);
}

RecordGradients::~RecordGradients() {
  for (auto& parameter : tensors_) {
    parameter.tensor.mutable_grad() = at::Tensor();
    parameter.tensor.requires_grad_(false);
  }
}

TrainableBlocks trainable_blocks(const model::Decoder& decoder) {
  const auto& spec = decoder.spec();
  TrainableBlocks found{{}, spec.layers};
  const auto collect = [&](std::int64_t block) {
    return [&found, block](const std::string& name, at::Tensor& tensor, const std::vector<std::int64_t>&) {
      if (!tensor.defined() || !tensor.requires_grad()) return;
      found.tensors.push_back({name, tensor});
      found.first = std::min(found.first, block);
    };
  };
  for (std::int64_t block = 0; block < spec.layers; ++block) {
    // Trainable blocks have no other home than memory, so those that are not there are frozen.
    if (!decoder.blocks().resident(block)) continue;
    model::BlockWeights weights = *decoder.blocks().block(block);
    model::visit_block(spec, block, weights, collect(block));
  }
  model::OuterWeights outer = decoder.outer();
  if (outer.tokens.requires_grad()) {
    fail(Errc::Unsupported, "adapt",
         "the embeddings are trainable, so no early state is frozen; train blocks only");
  }
  model::visit_outer(spec, outer, collect(spec.layers));
  return found;
}

}  // namespace lateral::training
