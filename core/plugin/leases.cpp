#include "core/plugin/leases.hpp"

#include "core/base/error.hpp"

namespace lateral::plugin {

Leases::Lease::Lease(Leases& leases) : leases_(leases) {
  const std::lock_guard lock(leases_.mutex_);
  if (leases_.refused_) fail(Errc::FailedPrecondition, leases_.owner_, "is unloaded");
  ++leases_.held_;
}

Leases::Lease::~Lease() {
  // Told under the lock: whoever waited for the last one may destroy the book at once.
  const std::lock_guard lock(leases_.mutex_);
  if (--leases_.held_ == 0) leases_.none_.notify_all();
}

void Leases::refuse() {
  const std::lock_guard lock(mutex_);
  refused_ = true;
}

bool Leases::wait_for_none(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  return none_.wait_for(lock, patience, [this] { return held_ == 0; });
}

}  // namespace lateral::plugin
