#pragma once
// One line on the terminal that shows how far long work is.

#include <cstdint>
#include <string>

namespace lateral::host {

/// Draws on standard error where that is a terminal, and does nothing elsewhere, so that logs and pipes stay clean.
/// Not thread-safe.
class ProgressLine {
 public:
  ProgressLine();
  /// Ends the line, so that what is written next begins on a fresh one.
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// `detail` is free text behind the bar, e.g. "loss 0.31". `seconds_left` < 0 = unknown.
  void show(const std::string& phase, std::int64_t step, std::int64_t steps, double seconds_left,
            const std::string& detail = {});
  /// Wipes the line, for a message in between.
  void clear();

 private:
  bool terminal_;
  bool drawn_ = false;
};

/// "1 min 20 s", "45 s", "2 h 5 min".
std::string duration_text(double seconds);

}  // namespace lateral::host
