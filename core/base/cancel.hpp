#pragma once
// Asking long work to stop: one flag, shared by whoever may cancel and whoever works.

#include <atomic>
#include <memory>

#include "core/base/error.hpp"

namespace lateral {

/// Copies share one flag.
/// Thread safety: all members may be called from any thread; cancel() also from a signal handler.
class CancelToken {
 public:
  void cancel() const noexcept { flag_->store(true, std::memory_order_relaxed); }
  bool cancelled() const noexcept { return flag_->load(std::memory_order_relaxed); }
  /// Throws Cancelled, naming the work that stops.
  void check(std::string_view work) const {
    if (cancelled()) fail(Errc::Cancelled, work, "cancelled");
  }

 private:
  std::shared_ptr<std::atomic<bool>> flag_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace lateral
