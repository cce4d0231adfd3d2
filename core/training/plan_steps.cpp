#include "core/training/plan_steps.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <limits>
#include <vector>

namespace lateral::training {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point then) {
  return std::chrono::duration<double>(Clock::now() - then).count();
}

// The first step pays for allocations and thread pools; the median of the others forgives one hiccup.
constexpr int kRehearsals = 8;
constexpr int kFewestRehearsals = 3;
constexpr double kRehearsalShare = 0.05;  // of the budget
// Held back for writing checkpoints and for the end of the run.
constexpr double kReserve = 0.03;

double rehearse_step(const Task& task, AdamW& optimizer, std::int64_t step) {
  const auto start = Clock::now();
  optimizer.zero_grad();
  task.loss(step).backward();
  optimizer.step(task.schedule.factor(step, std::numeric_limits<std::int32_t>::max()));
  return seconds_since(start);
}

double measured_step(const Task& task, double budget_seconds, const CancelToken& cancel) {
  AdamW optimizer(task.groups, task.optimizer);
  const NamedTensors before = snapshot(optimizer.parameters());
  std::vector<double> times;
  const auto start = Clock::now();
  for (int i = 0; i <= kRehearsals; ++i) {
    cancel.check(task.phase);
    const double seconds = rehearse_step(task, optimizer, i);
    if (i > 0) times.push_back(seconds);
    const bool enough = static_cast<int>(times.size()) >= kFewestRehearsals;
    if (enough && seconds_since(start) > kRehearsalShare * budget_seconds) break;
  }
  copy_by_name(before, optimizer.parameters(), task.phase);
  optimizer.zero_grad();
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
  return times[times.size() / 2];
}

double measured_look(const Task& task) {
  if (!task.held_out) return 0;
  const c10::NoGradGuard no_grad;
  const auto start = Clock::now();
  task.held_out();
  return seconds_since(start);
}

}  // namespace

std::int64_t plan_steps(const Task& task, const Budget& budget, const CancelToken& cancel,
                        Clock::time_point started) {
  const std::int64_t most = budget.steps.value_or(std::numeric_limits<std::int32_t>::max());
  if (!budget.seconds) return most;
  const double step = measured_step(task, *budget.seconds, cancel);
  const double look = measured_look(task);
  const double left = *budget.seconds * (1 - kReserve) - seconds_since(started) - look;
  const double each = step + look / static_cast<double>(task.early_stopping.every);
  return std::clamp<std::int64_t>(static_cast<std::int64_t>(left / each), 1, most);
}

}  // namespace lateral::training
