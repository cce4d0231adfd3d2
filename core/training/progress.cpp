#include "core/training/progress.hpp"

#include <utility>

namespace lateral::training {
namespace {
constexpr double kReportEvery = 0.1;  // seconds
// About the last twenty steps decide: a machine that becomes busy shows within seconds, a single
// hiccup does not.
constexpr double kPaceMemory = 0.95;

double seconds_between(ProgressMeter::Clock::time_point from, ProgressMeter::Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}
}  // namespace

ProgressMeter::ProgressMeter(std::string phase, std::int64_t first, std::int64_t steps,
                             ProgressCallback callback, std::function<Clock::time_point()> now)
    : callback_(std::move(callback)),
      now_(std::move(now)),
      start_(now_()),
      last_step_(start_),
      last_report_(start_) {
  progress_.phase = std::move(phase);
  progress_.step = first;
  progress_.steps = steps;
}

void ProgressMeter::advance(std::int64_t step, double loss) {
  const auto now = now_();
  const std::int64_t done = step - progress_.step;
  if (done > 0) {
    const double each = seconds_between(last_step_, now) / static_cast<double>(done);
    pace_ = pace_ == 0 ? each : kPaceMemory * pace_ + (1 - kPaceMemory) * each;
  }
  last_step_ = now;
  progress_.step = step;
  progress_.loss = loss;
  const bool finished = step >= progress_.steps;
  if (!callback_ || (!finished && seconds_between(last_report_, now) < kReportEvery)) return;
  last_report_ = now;
  progress_.seconds = seconds_between(start_, now);
  progress_.seconds_left = finished ? 0 : pace_ * static_cast<double>(progress_.steps - step);
  callback_(progress_);
}

}  // namespace lateral::training
