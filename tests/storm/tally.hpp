#pragma once
// What was done, and what went wrong.

#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace lateral::storm {

/// Thread safety: all members may be called from any thread.
class Tally {
 public:
  void count(const std::string& what) {
    const std::lock_guard lock(mutex_);
    ++counts_[what];
  }
  void complain(const std::string& what) {
    const std::lock_guard lock(mutex_);
    complaints_.push_back(what);
  }
  std::map<std::string, long> counts() const {
    const std::lock_guard lock(mutex_);
    return counts_;
  }
  std::vector<std::string> complaints() const {
    const std::lock_guard lock(mutex_);
    return complaints_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, long> counts_;
  std::vector<std::string> complaints_;
};

}  // namespace lateral::storm
