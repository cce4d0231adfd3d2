#include "core/training/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace lateral::training {

double Schedule::factor(std::int64_t step, std::int64_t steps) const {
  const std::int64_t warm = std::min(warm_up, steps);
  if (step < warm) return static_cast<double>(step + 1) / static_cast<double>(warm);
  const double done =
      static_cast<double>(step - warm) / static_cast<double>(std::max<std::int64_t>(1, steps - warm));
  switch (decay) {
    case Decay::Constant:
      return 1;
    case Decay::Linear:
      return floor + (1 - floor) * (1 - done);
    case Decay::Cosine:
      return floor + (1 - floor) * 0.5 * (1 + std::cos(std::numbers::pi * done));
  }
  return 1;
}

}  // namespace lateral::training
