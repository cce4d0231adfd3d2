#pragma once
// A training run on disk, so that being killed at any moment costs seconds and changes nothing: the run that
// resumes ends with the same bytes as one that was never disturbed.

#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>

#include "core/training/named_tensors.hpp"
#include "core/training/schedule.hpp"

namespace lateral::training {

/// Between two steps everything the rest of a run depends on is here; batches and dropout are functions of
/// (seed, step) and need no place.
struct Checkpoint {
  std::string fingerprint;   ///< of options and data: only the same run may go on from here
  std::int64_t step = 0;     ///< steps done
  StepPlan plan;             ///< that is followed from here on; stored before any step that follows it
  double spent = 0;          ///< seconds of a budget, over all processes
  std::int64_t updates = 0;  ///< the optimizer's count
  double best_held_out = std::numeric_limits<double>::infinity();
  std::int64_t best_step = 0;
  bool stopped = false;  ///< early stopping has ended the run
  NamedTensors tensors;  ///< parameters "p.*", optimizer "adamw.*", the best parameters so far "best.*"
};

/// Written beside `path`, synced and renamed: after a crash `path` is the old checkpoint or the new one.
/// Throws Io.
void save_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint);

/// Nothing when there is no such file. Throws Corrupt for a file that is not a whole checkpoint, and
/// FailedPrecondition when it belongs to another run.
std::optional<Checkpoint> load_checkpoint(const std::filesystem::path& path, const std::string& fingerprint);

}  // namespace lateral::training
