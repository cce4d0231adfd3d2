#pragma once
// Turning a budget into a number of steps, at the start and again while the machine becomes busier or idler.

#include <chrono>
#include <cstdint>
#include <vector>

#include "core/training/trainer.hpp"

namespace lateral::training {

/// The plan of one run in this process. `task` and `options` must outlive it. Used by one thread.
class StepPlanner {
 public:
  using Clock = std::chrono::steady_clock;

  /// `started` is when the budget's seconds began to count; `spent` of them were used by earlier processes.
  StepPlanner(const Task& task, const RunOptions& options, Clock::time_point started, double spent);

  /// The first plan, of at least 1 step. A budget in seconds is measured by a few real steps whose effect on the
  /// parameters is taken back, and by one held-out pass. Throws Cancelled.
  StepPlan first();

  /// The plan of an earlier process, made to fit this one's number of steps; what the seconds allow, again() finds out.
  StepPlan resumed(std::int64_t step, const StepPlan& plan) const;

  /// A step, or a look at the held-out loss, took from `begun` until now.
  void stepped(Clock::time_point begun);
  void looked(Clock::time_point begun);

  /// Whether it is time to reconsider: after a quarter of what was left of the budget, and never without one.
  bool due() const;
  /// The plan from `step` on, by the time that is left and the pace since the last one; `plan` itself where it still fits. It
  /// has to be stored before it is followed, so that a run which is killed takes the same steps again.
  StepPlan again(std::int64_t step, const StepPlan& plan);

  /// Seconds of the budget used so far, over all processes.
  double spent() const;

 private:
  double left() const;
  void rehearse();
  /// Steps that fit into the time that is left. REQUIRES: a step was measured.
  std::int64_t fitting() const;

  const Task& task_;
  const RunOptions& options_;
  std::int64_t most_;
  Clock::time_point started_;
  double spent_before_;
  std::vector<double> steps_;  ///< seconds of each since the last plan
  double look_ = 0;            ///< seconds of the last one
  double next_ = 0;            ///< spent() at which to reconsider
};

}  // namespace lateral::training
