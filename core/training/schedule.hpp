#pragma once
// How a learning rate moves over a run: linear warm-up, then constant, linear or cosine decay to a floor.

#include <cstdint>

namespace lateral::training {

enum class Decay { Constant, Linear, Cosine };

/// How many steps a run has, and how far it had come when that was decided: what remained of the decay then is spread over
/// the steps that remained. A plan made at the start, {steps}, spreads all of it over all.
struct StepPlan {
  std::int64_t steps = 0;  ///< in all
  std::int64_t since = 0;  ///< the step at which it was decided
  double done = 0;         ///< the share of the decay that lay behind, in [0, 1]
};

/// A factor on the learning rate, a function of step and plan alone, so that a resumed run sees the same rates.
struct Schedule {
  std::int64_t warm_up = 0;       ///< steps; at most the whole run
  Decay decay = Decay::Constant;  ///< what follows the warm-up
  double floor = 0;               ///< the factor at the end of the run, in [0, 1]

  /// The factor for `step` in [0, plan.steps). Step 0 of a warm-up already moves: it has factor 1 / warm_up.
  double factor(std::int64_t step, const StepPlan& plan) const;
  /// The share of the decay that lies behind `step`, in [0, 1]; 0 in the warm-up.
  double done(std::int64_t step, const StepPlan& plan) const;
  /// The plan from `step` on when the run shall have `steps` in all: the rate goes on from where it is.
  StepPlan replanned(std::int64_t step, const StepPlan& plan, std::int64_t steps) const;
};

}  // namespace lateral::training
