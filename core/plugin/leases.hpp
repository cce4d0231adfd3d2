#pragma once
// Who is inside a revision right now, so that unloading can wait for them.

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>

namespace lateral::plugin {

/// Thread safety: all members may be called from any thread.
class Leases {
 public:
  /// `owner` names the plugin in messages.
  explicit Leases(std::string owner) : owner_(std::move(owner)) {}

  /// Holds the revision for one call into it.
  class Lease {
   public:
    /// Throws FailedPrecondition once refuse() was called.
    explicit Lease(Leases& leases);
    ~Lease();
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

   private:
    Leases& leases_;
  };

  /// From now on nobody gets a lease.
  void refuse();
  /// True when none is held, false when `patience` was over first.
  bool wait_for_none(std::chrono::milliseconds patience);

 private:
  std::string owner_;
  std::mutex mutex_;
  std::condition_variable none_;
  unsigned held_ = 0;
  bool refused_ = false;
};

}  // namespace lateral::plugin
