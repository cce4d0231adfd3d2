#pragma once
// Who may use which lane of a worker now.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <vector>

#include "core/plugin/state.hpp"

namespace lateral::plugin::worker {

/// Lane 0 serves everything but reentrant encodes and cancel; lanes from 2 on serve the former.
/// Thread safety: all members may be called from any thread.
class LaneBook {
 public:
  explicit LaneBook(std::size_t lanes) : taken_(lanes, false) {}

  /// Holds one lane.
  class Hold {
   public:
    Hold(LaneBook& book, std::size_t lane) : book_(book), lane_(lane) {}
    ~Hold() { book_.give_back(lane_); }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    std::size_t lane() const noexcept { return lane_; }

   private:
    LaneBook& book_;
    std::size_t lane_;
  };

  /// Waits for a lane of that kind and takes it. Looks at `give_up` every few milliseconds; what that throws
  /// ends the waiting.
  std::size_t take(bool reentrant, const std::function<void()>& give_up);

 private:
  void give_back(std::size_t lane);

  std::mutex mutex_;
  std::condition_variable free_;
  std::vector<bool> taken_;
};

}  // namespace lateral::plugin::worker
