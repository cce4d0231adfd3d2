#pragma once
// Which items a step sees, as a function of (seed, step) alone: a resumed run needs no saved generator.

#include <cstdint>
#include <vector>

namespace lateral::training {

/// Endless shuffled epochs over `items`, cut into batches; a batch may straddle two epochs. Not thread-safe
/// (it keeps the permutation of the epoch last asked for); copies are independent.
class BatchOrder {
 public:
  /// Throws InvalidArgument when there is nothing to draw from or the batch is empty. A batch larger than
  /// `items` is cut to `items`, so that no batch holds an item twice within one epoch.
  BatchOrder(std::int64_t items, std::int64_t batch, std::uint64_t seed);

  /// Indices in [0, items) for this step.
  std::vector<std::int64_t> at(std::int64_t step);
  std::int64_t batch() const { return batch_; }

 private:
  std::int64_t item(std::int64_t position);

  std::int64_t items_, batch_;
  std::uint64_t seed_;
  std::int64_t epoch_ = -1;
  std::vector<std::int64_t> permutation_;
};

}  // namespace lateral::training
