#include "core/training/plan_steps.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace lateral::training {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t kEndless = std::numeric_limits<std::int32_t>::max();
// The first step pays for allocations and thread pools; the median of the others forgives one hiccup.
constexpr int kRehearsals = 8;
constexpr int kFewestRehearsals = 3;
constexpr double kRehearsalShare = 0.05;  // of the budget
// Held back for writing checkpoints and for the end of the run.
constexpr double kReserve = 0.03;
// Plans are made after a quarter of the time that is left, and no more often than after a fiftieth of the whole.
constexpr double kShareOfRest = 0.25;
constexpr double kLeastShare = 0.02;
// A plan that is off by less than a thirtieth of the steps to come stays: on a quiet machine there is one plan.
constexpr std::int64_t kTolerance = 30;
// What of the decay is left when time runs out at once is walked through in up to a twentieth of the steps done.
constexpr double kClosing = 0.05;

double seconds_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

StepPlanner::StepPlanner(const Task& task, const RunOptions& options, Clock::time_point started, double spent)
    : task_(task),
      options_(options),
      most_(options.budget.steps.value_or(kEndless)),
      started_(started),
      spent_before_(spent) {
  if (options.budget.seconds) next_ = spent_before_ + kLeastShare * *options.budget.seconds;
}

double StepPlanner::spent() const {
  return spent_before_ + seconds_between(started_, options_.now());
}

double StepPlanner::left() const {
  return *options_.budget.seconds * (1 - kReserve) - spent();
}

void StepPlanner::stepped(Clock::time_point begun) {
  if (options_.budget.seconds) steps_.push_back(seconds_between(begun, options_.now()));
}

void StepPlanner::looked(Clock::time_point begun) {
  look_ = seconds_between(begun, options_.now());
}

void StepPlanner::rehearse() {
  AdamW optimizer(task_.groups, task_.optimizer);
  const NamedTensors before = snapshot(optimizer.parameters());
  const auto start = options_.now();
  for (int i = 0; i <= kRehearsals; ++i) {
    options_.cancel.check(task_.phase);
    const auto begun = options_.now();
    optimizer.zero_grad();
    if (const auto loss = task_.loss(i); loss.requires_grad()) loss.backward();
    optimizer.step(task_.schedule.factor(i, {kEndless}));
    if (i > 0) stepped(begun);
    const bool enough = static_cast<int>(steps_.size()) >= kFewestRehearsals;
    if (enough && seconds_between(start, options_.now()) > kRehearsalShare * *options_.budget.seconds) break;
  }
  copy_by_name(before, optimizer.parameters(), task_.phase);
  optimizer.zero_grad();
  if (!task_.held_out) return;
  const c10::NoGradGuard no_grad;
  const auto begun = options_.now();
  task_.held_out();
  looked(begun);
}

std::int64_t StepPlanner::fitting() const {
  const double each = median(steps_) + look_ / static_cast<double>(task_.early_stopping.every);
  const double fit = std::max(0.0, left()) / std::max(each, 1e-9);
  return static_cast<std::int64_t>(std::min(fit, static_cast<double>(kEndless)));
}

StepPlan StepPlanner::first() {
  if (!options_.budget.seconds) return {most_};
  rehearse();
  // One look, at the start, is no part of any step.
  const auto looks = static_cast<std::int64_t>(std::ceil(look_ / std::max(median(steps_), 1e-9)));
  const StepPlan plan{std::clamp<std::int64_t>(fitting() - looks, 1, most_)};
  steps_.clear();
  next_ = spent() + kShareOfRest * std::max(0.0, left());
  return plan;
}

StepPlan StepPlanner::resumed(std::int64_t step, const StepPlan& plan) const {
  const bool stays = options_.budget.seconds ? plan.steps <= most_ : plan.steps == most_;
  return stays ? plan : task_.schedule.replanned(step, plan, std::max(step, most_));
}

bool StepPlanner::due() const {
  return options_.budget.seconds && !steps_.empty() && spent() >= next_;
}

StepPlan StepPlanner::again(std::int64_t step, const StepPlan& plan) {
  const double still = 1 - task_.schedule.done(step, plan);
  const auto closing = static_cast<std::int64_t>(std::ceil(still * kClosing * static_cast<double>(step)));
  const std::int64_t steps = std::clamp<std::int64_t>(step + std::max(fitting(), closing), step, most_);
  steps_.clear();
  next_ = spent() + std::max(kShareOfRest * std::max(0.0, left()), kLeastShare * *options_.budget.seconds);
  const std::int64_t apart = steps > plan.steps ? steps - plan.steps : plan.steps - steps;
  const std::int64_t tolerated = std::max<std::int64_t>(1, (plan.steps - step) / kTolerance);
  // Nearer to the limit than that is the limit: a run that has time for all its steps is planned once.
  if (apart <= tolerated && (steps != most_ || plan.steps == most_)) return plan;
  return task_.schedule.replanned(step, plan, steps);
}

}  // namespace lateral::training
