#pragma once
// What a worker prints, line by line into the host's log under the plugin's name.

#include <chrono>
#include <string>
#include <string_view>

namespace lateral::plugin::worker {

/// Lives on one thread. Lines are cut at 4 KiB; of more than 100 a second the rest is counted, not written.
class LineLog {
 public:
  explicit LineLog(std::string component) : component_(std::move(component)) {}
  /// Writes what has not ended in a newline, and how many lines were dropped.
  ~LineLog();
  LineLog(const LineLog&) = delete;
  LineLog& operator=(const LineLog&) = delete;

  /// A piece of the stream. A line may begin with "<N>", a log level; without, it is Info.
  void take(std::string_view piece);

 private:
  void write(std::string_view line);
  bool allowed();
  void tell_dropped();

  std::string component_;
  std::string begun_;
  std::chrono::steady_clock::time_point second_{};
  unsigned in_second_ = 0;
  unsigned long dropped_ = 0;
};

}  // namespace lateral::plugin::worker
