#include "core/plugin/worker/lane_book.hpp"

#include <algorithm>

namespace lateral::plugin::worker {
namespace {

constexpr std::chrono::milliseconds kLook{2};
constexpr std::ptrdiff_t kFirstReentrant = 2;

}  // namespace

std::size_t LaneBook::take(bool reentrant, const std::function<void()>& give_up) {
  std::unique_lock lock(mutex_);
  const auto first = taken_.begin() + (reentrant ? kFirstReentrant : 0);
  const auto last = reentrant ? taken_.end() : taken_.begin() + 1;
  while (true) {
    const auto found = std::find(first, last, false);
    if (found != last) {
      *found = true;
      return static_cast<std::size_t>(found - taken_.begin());
    }
    free_.wait_for(lock, kLook);
    give_up();
  }
}

void LaneBook::give_back(std::size_t lane) {
  {
    const std::lock_guard lock(mutex_);
    taken_[lane] = false;
  }
  free_.notify_all();
}

}  // namespace lateral::plugin::worker
