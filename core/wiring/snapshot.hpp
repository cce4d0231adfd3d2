#pragma once
// An immutable value that many threads read while others exchange it. Readers take a lease: the value they
// began with stays whole until they let go, whatever is published meanwhile.
//
// Why a mutex and not std::atomic<std::shared_ptr>: a lease is taken once per answer, not per token, so an
// uncontended lock around one pointer copy costs nothing that can be measured; and the atomic of libstdc++ 12
// is a spin lock itself, which the thread sanitizer cannot follow.

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include "core/base/error.hpp"

namespace lateral::wiring {

/// Holds one published value alive. Copies hold the same one. An empty lease must not be dereferenced.
/// Thread safety: as a shared_ptr; the value itself is const.
template <typename T>
class Lease {
 public:
  Lease() = default;
  Lease(std::shared_ptr<const T> value, std::uint64_t version)
      : value_(std::move(value)), version_(version) {}

  const T& operator*() const noexcept { return *value_; }
  const T* operator->() const noexcept { return value_.get(); }
  const std::shared_ptr<const T>& value() const noexcept { return value_; }
  explicit operator bool() const noexcept { return value_ != nullptr; }

  /// 1 for the first value of the snapshot, one more for each publication.
  std::uint64_t version() const noexcept { return version_; }

 private:
  std::shared_ptr<const T> value_;
  std::uint64_t version_ = 0;
};

/// Thread safety: every member may be called from any thread. lease() never waits for an edit, only for the
/// exchange of a pointer.
template <typename T>
class Snapshot {
 public:
  explicit Snapshot(std::shared_ptr<const T> initial) : current_(checked(std::move(initial)), 1) {}

  Lease<T> lease() const {
    const std::lock_guard lock(pointer_);
    return current_;
  }

  /// Publishes `next` for those who lease from now on; returns what it replaces. What the former lease held
  /// is freed by whoever lets go of it last, never inside the lock.
  Lease<T> exchange(std::shared_ptr<const T> next) {
    const std::lock_guard one_writer(writers_);
    return publish(std::move(next));
  }

  /// Publishes edit(current value), a std::shared_ptr<const T>. Edits follow each other, so none is lost;
  /// readers go on meanwhile. If `edit` throws, nothing changes. Returns the lease of the value it made.
  template <typename Edit>
  Lease<T> update(Edit&& edit) {
    const std::lock_guard one_writer(writers_);
    const Lease<T> before = lease();
    std::shared_ptr<const T> next = std::forward<Edit>(edit)(*before);
    publish(next);
    return Lease<T>(std::move(next), before.version() + 1);
  }

 private:
  static std::shared_ptr<const T> checked(std::shared_ptr<const T> value) {
    if (value == nullptr) fail(Errc::InvalidArgument, "snapshot", "nothing to publish: the value is null");
    return value;
  }

  Lease<T> publish(std::shared_ptr<const T> next) {
    Lease<T> other(checked(std::move(next)), 0);
    const std::lock_guard lock(pointer_);
    other = Lease<T>(other.value(), current_.version() + 1);
    std::swap(current_, other);
    return other;
  }

  std::mutex writers_;
  mutable std::mutex pointer_;
  Lease<T> current_;
};

}  // namespace lateral::wiring
