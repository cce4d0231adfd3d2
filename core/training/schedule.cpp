#include "core/training/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace lateral::training {

double Schedule::done(std::int64_t step, const StepPlan& plan) const {
  const std::int64_t since = std::max(plan.since, std::min(warm_up, plan.steps));
  if (step <= since) return plan.done;
  const double share =
      static_cast<double>(step - since) / static_cast<double>(std::max<std::int64_t>(1, plan.steps - since));
  return std::min(1.0, plan.done + (1 - plan.done) * share);
}

StepPlan Schedule::replanned(std::int64_t step, const StepPlan& plan, std::int64_t steps) const {
  return {steps, step, done(step, plan)};
}

double Schedule::factor(std::int64_t step, const StepPlan& plan) const {
  const std::int64_t warm = std::min(warm_up, plan.steps);
  if (step < warm) return static_cast<double>(step + 1) / static_cast<double>(warm);
  const double done = this->done(step, plan);
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
