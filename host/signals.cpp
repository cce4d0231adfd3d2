#include "host/signals.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/base/error.hpp"

namespace lateral::host {
namespace {

sigset_t watched() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGINT);
  ::sigaddset(&set, SIGTERM);
  return set;
}

}  // namespace

SignalWatcher::SignalWatcher(std::function<void()> on_first) {
  const sigset_t set = watched();
  ::pthread_sigmask(SIG_BLOCK, &set, &former_);
  signals_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  stop_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (signals_ < 0 || stop_ < 0) {
    fail(Errc::ResourceExhausted, "signals", "cannot watch for signals: ", std::strerror(errno));
  }
  thread_ = std::thread([this, call = std::move(on_first)] { watch(call); });
}

SignalWatcher::~SignalWatcher() {
  const std::uint64_t one = 1;
  while (::write(stop_, &one, sizeof one) < 0 && errno == EINTR) {
  }
  thread_.join();
  ::close(signals_);
  ::close(stop_);
  ::pthread_sigmask(SIG_SETMASK, &former_, nullptr);
}

void SignalWatcher::watch(const std::function<void()>& on_first) const {
  bool first = true;
  for (;;) {
    std::array<pollfd, 2> waiting{{{signals_, POLLIN, 0}, {stop_, POLLIN, 0}}};
    if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) return;
    if ((waiting[1].revents & POLLIN) != 0) return;
    signalfd_siginfo received{};
    if (::read(signals_, &received, sizeof received) != sizeof received) continue;
    if (std::exchange(first, false)) {
      on_first();
      continue;
    }
    // The user insists: end as if nobody had been watching.
    ::signal(static_cast<int>(received.ssi_signo), SIG_DFL);
    const sigset_t set = watched();
    ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
    ::raise(static_cast<int>(received.ssi_signo));
  }
}

}  // namespace lateral::host
