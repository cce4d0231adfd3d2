#include "core/plugin/worker/futex.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <ctime>

namespace lateral::plugin::worker {
namespace {

void wait(Word& word, std::uint32_t seen, const timespec* at_most) noexcept {
  ::syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), FUTEX_WAIT, seen, at_most, nullptr, 0);
}

}  // namespace

void sleep_on(Word& word, std::uint32_t seen, std::chrono::nanoseconds at_most) noexcept {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(at_most);
  const timespec time{seconds.count(), (at_most - seconds).count()};
  if (at_most > at_most.zero()) wait(word, seen, &time);
}

void sleep_on(Word& word, std::uint32_t seen) noexcept {
  wait(word, seen, nullptr);
}

void wake(Word& word) noexcept {
  ::syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace lateral::plugin::worker
