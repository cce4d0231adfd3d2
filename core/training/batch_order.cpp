#include "core/training/batch_order.hpp"

#include <algorithm>
#include <numeric>
#include <span>

#include "core/base/error.hpp"
#include "core/base/random.hpp"

namespace lateral::training {

BatchOrder::BatchOrder(std::int64_t items, std::int64_t batch, std::uint64_t seed)
    : items_(items), batch_(std::min(batch, items)), seed_(seed) {
  if (items < 1 || batch < 1) {
    fail(Errc::InvalidArgument, "batch order", "cannot draw batches of ", batch, " from ", items, " items");
  }
}

std::vector<std::int64_t> BatchOrder::at(std::int64_t step) {
  std::vector<std::int64_t> indices(static_cast<std::size_t>(batch_));
  std::int64_t position = step * batch_;
  for (auto& index : indices) index = item(position++);
  return indices;
}

std::int64_t BatchOrder::item(std::int64_t position) {
  const std::int64_t epoch = position / items_;
  if (epoch != epoch_) {
    permutation_.resize(static_cast<std::size_t>(items_));
    std::iota(permutation_.begin(), permutation_.end(), 0);
    Random(seed_, static_cast<std::uint64_t>(epoch)).shuffle(std::span<std::int64_t>(permutation_));
    epoch_ = epoch;
  }
  return permutation_[static_cast<std::size_t>(position % items_)];
}

}  // namespace lateral::training
