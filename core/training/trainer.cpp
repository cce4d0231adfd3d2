#include "core/training/trainer.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/training/checkpoint.hpp"
#include "core/training/plan_steps.hpp"

namespace lateral::training {
namespace {

using Clock = std::chrono::steady_clock;

NamedTensors prefixed(const char* prefix, const NamedTensors& tensors) {
  NamedTensors renamed;
  for (const auto& [name, tensor] : tensors) renamed.emplace_back(prefix + name, tensor);
  return renamed;
}

class Run {
 public:
  Run(const Task& task, const RunOptions& options)
      : task_(task), options_(options), optimizer_(task.groups, task.optimizer), begun_(options.now()) {
    resumed_ = resume();
    // What a killed run prepared anew is not counted twice.
    planner_.emplace(task, options, resumed_ ? begun_ : options.started.value_or(begun_), at_.spent);
    if (resumed_) {
      if (follow(planner_->resumed(at_.step, at_.plan))) try_to_save();
      return;
    }
    at_.fingerprint = task_.fingerprint;
    best_ = snapshot(optimizer_.parameters());
    at_.plan = planner_->first();
    if (task_.held_out) look();
    save();
  }

  TrainResult finish() {
    ProgressMeter meter(task_.phase, at_.step, at_.plan.steps, options_.progress, options_.now);
    while (at_.step < at_.plan.steps && !at_.stopped) {
      if (options_.cancel.cancelled()) try_to_save();
      options_.cancel.check(task_.phase);
      step();
      const bool replanned = reconsider();
      if (task_.held_out && due()) look();
      if (task_.held_out) meter.set_held_out(at_.best_held_out);
      meter.set_steps(at_.plan.steps);
      meter.advance(at_.stopped ? at_.plan.steps : at_.step, last_loss_);
      if (replanned || seconds_since(saved_) >= options_.checkpoint.every_seconds) try_to_save();
    }
    try_to_save();
    if (task_.held_out) copy_by_name(best_, optimizer_.parameters(), task_.phase);
    optimizer_.zero_grad();
    return result();
  }

 private:
  double seconds_since(Clock::time_point then) const {
    return std::chrono::duration<double>(options_.now() - then).count();
  }

  /// What makes the tokens may notice a cancel first; nothing of the step has happened by then.
  at::Tensor loss_of_step() {
    try {
      return task_.loss(at_.step);
    } catch (const Error& error) {
      if (error.code() == Errc::Cancelled) try_to_save();
      throw;
    }
  }

  void step() {
    const auto begun = options_.now();
    optimizer_.zero_grad();
    const at::Tensor loss = loss_of_step();
    if (loss.requires_grad()) loss.backward();
    last_loss_ = loss.item<double>();
    if (!std::isfinite(last_loss_)) {
      fail(Errc::FailedPrecondition, task_.phase, "the loss of step ", at_.step,
           " is not finite; lower the learning rate or check the tokens");
    }
    optimizer_.step(task_.schedule.factor(at_.step, at_.plan));
    ++at_.step;
    planner_->stepped(begun);
  }

  bool reconsider() { return planner_->due() && follow(planner_->again(at_.step, at_.plan)); }

  /// True when that is another plan, which has to be saved before a step follows it.
  bool follow(const StepPlan& plan) {
    const bool other = plan.steps != at_.plan.steps || plan.since != at_.plan.since;
    at_.plan = plan;
    return other;
  }

  bool due() const { return at_.step % task_.early_stopping.every == 0 || at_.step == at_.plan.steps; }

  void look() {
    const c10::NoGradGuard no_grad;
    const auto begun = options_.now();
    const double loss = task_.held_out();
    planner_->looked(begun);
    if (loss < at_.best_held_out) {
      at_.best_held_out = loss;
      at_.best_step = at_.step;
      best_ = snapshot(optimizer_.parameters());
    }
    const auto& stopping = task_.early_stopping;
    at_.stopped = stopping.patience > 0 && at_.step - at_.best_step >= stopping.patience * stopping.every;
  }

  void save() {
    saved_ = options_.now();
    if (options_.checkpoint.path.empty()) return;
    at_.spent = planner_->spent();
    at_.updates = optimizer_.updates();
    at_.tensors = on_disk();
    save_checkpoint(options_.checkpoint.path, at_);
  }

  /// What was learned so far is worth more than a file: a disk that is full for a while must not end the run.
  void try_to_save() {
    try {
      save();
    } catch (const Error& error) {
      if (error.code() != Errc::Io && error.code() != Errc::NotFound) throw;
      if (!std::exchange(warned_, true))
        log::warn(task_.phase, "no checkpoint could be written: ", error.what(),
                  "; learning goes on, and the next one is tried");
    }
  }

  bool resume() {
    if (options_.checkpoint.path.empty()) return false;
    auto found = load_checkpoint(options_.checkpoint.path, task_.fingerprint);
    if (!found) return false;
    at_ = std::move(*found);
    best_ = snapshot(optimizer_.parameters());
    copy_by_name(at_.tensors, on_disk(), "checkpoint");
    optimizer_.restore(at_.tensors, at_.updates);
    saved_ = options_.now();
    return true;
  }

  NamedTensors on_disk() const {
    NamedTensors all = prefixed("p.", optimizer_.parameters());
    const NamedTensors state = optimizer_.state();
    all.insert(all.end(), state.begin(), state.end());
    if (task_.held_out) {
      const NamedTensors best = prefixed("best.", best_);
      all.insert(all.end(), best.begin(), best.end());
    }
    return all;
  }

  TrainResult result() const {
    TrainResult result;
    result.steps = at_.step;
    result.planned = at_.plan.steps;
    result.last_loss = last_loss_;
    if (task_.held_out) result.held_out = at_.best_held_out;
    result.best_step = task_.held_out ? at_.best_step : at_.step;
    result.resumed = resumed_;
    result.seconds = seconds_since(begun_);
    return result;
  }

  const Task& task_;
  const RunOptions& options_;
  AdamW optimizer_;
  std::optional<StepPlanner> planner_;
  Clock::time_point begun_, saved_;
  Checkpoint at_;
  NamedTensors best_;
  double last_loss_ = 0;
  bool resumed_ = false, warned_ = false;
};

void check(const Task& task, const RunOptions& options) {
  const Budget& budget = options.budget;
  if (!budget.steps && !budget.seconds) {
    fail(Errc::InvalidArgument, task.phase, "no budget: give a number of steps or of seconds");
  }
  if (budget.steps.value_or(1) < 1 || !(budget.seconds.value_or(1) > 0)) {
    fail(Errc::InvalidArgument, task.phase, "a budget must be above zero");
  }
  if (task.held_out && task.early_stopping.every < 1) {
    fail(Errc::InvalidArgument, task.phase, "early stopping must look every 1 or more steps");
  }
}

}  // namespace

TrainResult train(const Task& task, const RunOptions& options) {
  check(task, options);
  return Run(task, options).finish();
}

}  // namespace lateral::training
