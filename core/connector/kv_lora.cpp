#include "core/connector/kv_lora.hpp"

#include <ATen/ATen.h>

#include <cmath>
#include <string>

#include "core/base/error.hpp"
#include "core/base/random.hpp"
#include "core/connector/initial.hpp"

namespace lateral::connector {

at::Tensor KvLora::Pair::operator()(const at::Tensor& x, double scale) const {
  const auto options = x.options();
  return at::linear(at::linear(x, down.to(options)), up.to(options)) * scale;
}

KvLora::KvLora(const LoraShape& shape, wiring::BlockSet blocks, std::uint64_t seed)
    : shape_(shape), blocks_(std::move(blocks)) {
  if (shape.rank < 1 || shape.hidden < 1 || shape.kv_width < 1 || !std::isfinite(shape.alpha)) {
    fail(Errc::InvalidArgument, "lora",
         "rank, hidden and kv_width must be at least 1 and alpha finite: ", shape.rank, ", ", shape.hidden,
         ", ", shape.kv_width, ", ", shape.alpha);
  }
  const double limit = 1.0 / std::sqrt(static_cast<double>(shape.hidden));
  const auto pair = [&](Random random) {
    return Pair{uniform({shape.rank, shape.hidden}, limit, random),
                at::zeros({shape.kv_width, shape.rank}, at::kFloat)};
  };
  for (const int block : blocks_.blocks()) {
    // Streams go by the block's number, so that a block begins alike whichever others are connected.
    const auto stream = 2 * static_cast<std::uint64_t>(block);
    pairs_.push_back({pair(Random(seed, stream)), pair(Random(seed, stream + 1))});
  }
}

model::KvDelta KvLora::delta(std::int64_t block, const at::Tensor& normed) const {
  const int place = blocks_.index_of(static_cast<int>(block));
  if (place < 0) return {};
  const auto& [k, v] = pairs_[static_cast<std::size_t>(place)];
  const double scale = shape_.alpha / static_cast<double>(shape_.rank);
  return {k(normed, scale), v(normed, scale)};
}

std::vector<model::NamedTensor> KvLora::parameters() const {
  std::vector<model::NamedTensor> named;
  for (int place = 0; place < blocks_.size(); ++place) {
    const auto& [k, v] = pairs_[static_cast<std::size_t>(place)];
    const auto name = "lora." + std::to_string(blocks_.blocks()[static_cast<std::size_t>(place)]);
    named.push_back({name + ".k.down", k.down});
    named.push_back({name + ".k.up", k.up});
    named.push_back({name + ".v.down", v.down});
    named.push_back({name + ".v.up", v.up});
  }
  return named;
}

}  // namespace lateral::connector
