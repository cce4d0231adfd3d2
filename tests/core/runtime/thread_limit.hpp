#pragma once
// A process that can start no more threads.

#include <pthread.h>

#include <cstddef>
#include <stdexcept>

namespace lateral::test {

/// As long as it lives, a new thread wants a stack that no address space has room for. A limit of the system would do no
/// harm to root.
class NoMoreThreads {
 public:
  NoMoreThreads() {
    pthread_attr_t endless;
    if (::pthread_getattr_default_np(&before_) != 0 || ::pthread_getattr_default_np(&endless) != 0 ||
        ::pthread_attr_setstacksize(&endless, std::size_t{1} << 50U) != 0 ||
        ::pthread_setattr_default_np(&endless) != 0)
      throw std::runtime_error("cannot change how threads begin");
    ::pthread_attr_destroy(&endless);
  }
  ~NoMoreThreads() {
    ::pthread_setattr_default_np(&before_);
    ::pthread_attr_destroy(&before_);
  }
  NoMoreThreads(const NoMoreThreads&) = delete;
  NoMoreThreads& operator=(const NoMoreThreads&) = delete;

 private:
  pthread_attr_t before_;
};

}  // namespace lateral::test
