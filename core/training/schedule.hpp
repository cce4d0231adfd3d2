#pragma once
// How a learning rate moves over a run: linear warm-up, then constant, linear or cosine decay to a floor.

#include <cstdint>

namespace lateral::training {

enum class Decay { Constant, Linear, Cosine };

/// A factor on the learning rate, a function of the step alone, so that a resumed run sees the same rates.
struct Schedule {
  std::int64_t warm_up = 0;       ///< steps; at most the whole run
  Decay decay = Decay::Constant;  ///< what follows the warm-up
  double floor = 0;               ///< the factor at the end of the run, in [0, 1]

  /// The factor for `step` in [0, steps). Step 0 of a warm-up already moves: it has factor 1 / warm_up.
  double factor(std::int64_t step, std::int64_t steps) const;
};

}  // namespace lateral::training
