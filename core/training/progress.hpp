#pragma once
// What long training tells its caller while it runs. Drawing it on a terminal is the host's business.

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace lateral::training {

/// The phase in which sensors' data become tokens.
inline constexpr const char* kEncodePhase = "encode";

struct Progress {
  std::string phase;               ///< what is being done, e.g. "adapt", "query bank", "early states"
  std::int64_t step = 0;           ///< done so far
  std::int64_t steps = 0;          ///< in all; may change where a budget of time is reconsidered
  double loss = 0;                 ///< of the last step; 0 in phases without a loss
  std::optional<double> held_out;  ///< the last held-out loss, where the phase has one
  double seconds = 0;              ///< since the phase began in this process
  double seconds_left = 0;         ///< estimate from the recent pace; 0 when finished
};

/// Called on the training thread, at most about ten times a second and once at the end of a phase. An
/// exception it throws stops the training.
using ProgressCallback = std::function<void(const Progress&)>;

/// Turns steps done into reports with the time left.
class ProgressMeter {
 public:
  using Clock = std::chrono::steady_clock;

  /// `first` steps were done in an earlier process and do not count for the pace. `now` is a test's clock.
  ProgressMeter(std::string phase, std::int64_t first, std::int64_t steps, ProgressCallback callback,
                std::function<Clock::time_point()> now = Clock::now);

  /// `step` steps are done.
  void advance(std::int64_t step, double loss = 0);
  void set_held_out(double loss) { progress_.held_out = loss; }
  /// As a budget was reconsidered.
  void set_steps(std::int64_t steps) { progress_.steps = steps; }

 private:
  ProgressCallback callback_;
  std::function<Clock::time_point()> now_;
  Clock::time_point start_, last_step_, last_report_;
  double pace_ = 0;  // seconds a step, exponentially averaged
  Progress progress_;
};

}  // namespace lateral::training
