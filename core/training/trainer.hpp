#pragma once
// The one training loop of lateral: steps, held-out early stopping, checkpoints, progress, cancelling. What
// is learned is the caller's: a loss that is a function of the step, and optionally a held-out loss.

#include <ATen/core/Tensor.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/training/optimizer.hpp"
#include "core/training/progress.hpp"
#include "core/training/schedule.hpp"

namespace lateral::training {

/// How long to train: the smaller of both where both are given. Throws InvalidArgument from train() when
/// neither is. Seconds become a number of steps at the start, from the measured time of a few steps that are
/// taken back, and the number is reconsidered while the machine becomes busier or idler, so that the learning rate has
/// decayed when the time is over. Where steps alone decide, or there is time for all of them, the clock changes nothing.
struct Budget {
  std::optional<std::int64_t> steps;
  std::optional<double> seconds;
};

struct CheckpointOptions {
  /// Empty = none. The file stays when the run is done: remove it once its result is safe. The first one must be written,
  /// while nothing is lost; when a later one cannot be, there is a warning, and the next one is tried.
  std::filesystem::path path;
  double every_seconds = 10;  ///< also written when cancelled and at the end
};

struct EarlyStopping {
  std::int64_t every = 20;  ///< steps between two looks at the held-out loss
  /// Looks without a new best before stopping; 0 = never stop, but still return the best.
  std::int64_t patience = 5;
};

/// How a run is driven, whatever it learns.
struct RunOptions {
  Budget budget;
  /// Since when the budget's seconds count, where something was prepared before the call; absent = since the call.
  std::optional<std::chrono::steady_clock::time_point> started;
  CheckpointOptions checkpoint;
  CancelToken cancel;         ///< cancelled: a checkpoint is written, then Cancelled is thrown
  ProgressCallback progress;  ///< may be empty
  /// A test's clock.
  std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now;
};

/// What is learned.
struct Task {
  std::string phase;  ///< for progress and messages, e.g. "adapt"
  /// Of everything besides the step that `loss` depends on, and of the initial parameters.
  std::string fingerprint;
  std::vector<ParameterGroup> groups;
  AdamWOptions optimizer;
  Schedule schedule;
  /// Scalar with gradients, or without where the step has nothing to learn from; a pure function of step and parameters.
  std::function<at::Tensor(std::int64_t step)> loss;
  std::function<double()> held_out;  ///< may be empty; called without gradients
  EarlyStopping early_stopping;
};

struct TrainResult {
  std::int64_t steps = 0;    ///< done, over all processes
  std::int64_t planned = 0;  ///< of the budget, as it was reconsidered last
  double last_loss = 0;
  std::optional<double> held_out;  ///< the best; the parameters are those of that moment
  std::int64_t best_step = 0;
  bool resumed = false;
  double seconds = 0;  ///< in this process
};

/// Runs or resumes `task`; on return its parameters are the result: the best on held-out data, else the last.
/// A run may be resumed with another budget: it goes on to what is given now. Blocks; call from any thread, one task
/// per thread. Throws Cancelled, FailedPrecondition when a loss or gradient is not finite or the checkpoint is of
/// another run, and Io or NotFound when the first checkpoint cannot be written.
TrainResult train(const Task& task, const RunOptions& options);

}  // namespace lateral::training
