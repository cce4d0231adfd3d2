#pragma once
// What a plugin did that it must not, remembered for its report.

#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace lateral::plugin {

/// Thread safety: all members may be called from any thread.
class Conduct {
 public:
  /// E.g. "init changed the working directory; restored". The first hundred are kept.
  void note(std::string text) {
    const std::lock_guard lock(mutex_);
    if (notes_.size() < kMost) notes_.push_back(std::move(text));
  }
  std::vector<std::string> notes() const {
    const std::lock_guard lock(mutex_);
    return notes_;
  }

 private:
  static constexpr std::size_t kMost = 100;
  mutable std::mutex mutex_;
  std::vector<std::string> notes_;
};

}  // namespace lateral::plugin
