// Decoders that train, and decoders from nothing: the parts of Decoder that answering does not need.

#include <ATen/ATen.h>

#include <cmath>

#include "core/base/error.hpp"
#include "core/base/random.hpp"
#include "core/model/decoder.hpp"

namespace lateral::model {
namespace {

const VisitTensor kMakeTrainable = [](const std::string&, at::Tensor& tensor, const auto&) {
  tensor = tensor.detach().clone().requires_grad_(true);
};

const VisitTensor kDetach = [](const std::string&, at::Tensor& tensor, const auto&) {
  tensor = tensor.detach();
};

using Blocks = std::vector<std::shared_ptr<const BlockWeights>>;

/// The blocks of another decoder, which stays their owner: what leaves here leaves there.
class SharedBlocks final : public BlockSource {
 public:
  explicit SharedBlocks(std::shared_ptr<BlockStore> store) : store_(std::move(store)) {}
  BlockWeights load(std::int64_t block) const override { return *store_->block(block); }
  void evict(std::int64_t block) const override { store_->release(block, block + 1); }

 private:
  std::shared_ptr<BlockStore> store_;
};

OuterWeights changed(const DecoderSpec& spec, OuterWeights outer, const VisitTensor& change) {
  visit_outer(spec, outer, change);
  return outer;
}

std::shared_ptr<const BlockWeights> changed(const DecoderSpec& spec, std::int64_t index, BlockWeights block,
                                            const VisitTensor& change) {
  visit_block(spec, index, block, change);
  return std::make_shared<const BlockWeights>(std::move(block));
}

at::Tensor normal(const std::vector<std::int64_t>& shape, double deviation, Random& random) {
  at::Tensor tensor = at::empty(shape);
  float* const values = tensor.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < tensor.numel(); ++i)
    values[i] = static_cast<float>(deviation) * random.normal();
  return tensor;
}

}  // namespace

std::vector<NamedTensor> Decoder::named_tensors() const {
  std::vector<NamedTensor> all;
  const VisitTensor collect = [&](const std::string& name, at::Tensor& tensor, const auto&) {
    all.push_back({name, tensor});
  };
  OuterWeights outer_weights = outer();
  visit_outer(spec(), outer_weights, collect);
  for (std::int64_t index = 0; index < spec().layers; ++index) {
    BlockWeights weights = *blocks().block(index);
    visit_block(spec(), index, weights, collect);
  }
  return all;
}

Decoder Decoder::trainable(std::int64_t first, std::int64_t last, bool outer_too) const {
  if (first < 0 || first > last || last > spec().layers) {
    fail(Errc::InvalidArgument, "decoder", "blocks [", first, ", ", last, ") of a model with ",
         spec().layers);
  }
  Blocks copies(static_cast<std::size_t>(spec().layers));
  for (std::int64_t index = first; index < last; ++index) {
    copies[static_cast<std::size_t>(index)] = changed(spec(), index, *blocks().block(index), kMakeTrainable);
  }
  return Decoder(
      spec(), outer_too ? changed(spec(), outer(), kMakeTrainable) : outer(),
      std::make_shared<BlockStore>(std::move(copies), std::make_shared<SharedBlocks>(parts_->blocks)));
}

Decoder Decoder::frozen() const {
  Blocks detached(static_cast<std::size_t>(spec().layers));
  for (std::int64_t index = 0; index < spec().layers; ++index) {
    if (!blocks().pinned(index)) continue;
    detached[static_cast<std::size_t>(index)] = changed(spec(), index, *blocks().block(index), kDetach);
  }
  return Decoder(
      spec(), changed(spec(), outer(), kDetach),
      std::make_shared<BlockStore>(std::move(detached), std::make_shared<SharedBlocks>(parts_->blocks)));
}

Decoder Decoder::random(const DecoderSpec& spec, std::uint64_t seed, double deviation) {
  check_spec(spec, "a random decoder");
  Random random(seed);
  const double residual = deviation / std::sqrt(2.0 * static_cast<double>(spec.layers));
  BlockWeights* current = nullptr;
  const VisitTensor fill = [&](const std::string& name, at::Tensor& tensor,
                               const std::vector<std::int64_t>& shape) {
    const bool into_residual =
        current != nullptr && (&tensor == &current->output.weight || &tensor == &current->down.weight);
    if (shape.size() == 1) {
      tensor = name.ends_with(".bias") ? at::zeros(shape) : at::ones(shape);
    } else {
      tensor = normal(shape, into_residual ? residual : deviation, random);
    }
  };
  OuterWeights outer;
  visit_outer(spec, outer, fill);
  Blocks weights;
  for (std::int64_t index = 0; index < spec.layers; ++index) {
    auto block = std::make_shared<BlockWeights>();
    current = block.get();
    visit_block(spec, index, *block, fill);
    weights.push_back(std::move(block));
  }
  return Decoder(spec, std::move(outer), std::make_shared<BlockStore>(std::move(weights), nullptr));
}

}  // namespace lateral::model
