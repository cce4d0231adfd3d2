#pragma once
// Where players pause together.

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace lateral::storm {

/// Thread safety: all members may be called from any thread.
class Gate {
 public:
  explicit Gate(int players) : players_(players) {}

  /// Of a player, between two moves: it is to pass the gate.
  bool closing() const {
    const std::lock_guard lock(mutex_);
    return closed_ || over_;
  }
  /// Of a player: waits until the gate is open. False when the play is over.
  bool pass() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !closed_; });
    --waiting_;
    return !over_;
  }
  /// Of a player that plays no more.
  void leave() {
    const std::lock_guard lock(mutex_);
    --players_;
    changed_.notify_all();
  }

  /// False if players do not come within that time.
  bool close(std::chrono::seconds patience) {
    std::unique_lock lock(mutex_);
    closed_ = true;
    return changed_.wait_for(lock, patience, [&] { return waiting_ == players_; });
  }
  void open(bool over = false) {
    const std::lock_guard lock(mutex_);
    closed_ = false;
    over_ = over;
    changed_.notify_all();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  int players_;
  int waiting_ = 0;
  bool closed_ = false, over_ = false;
};

}  // namespace lateral::storm
