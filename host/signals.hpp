#pragma once
// Turns SIGINT and SIGTERM into a cancelled token, so that long work stops at a safe place and keeps what it has.

#include <csignal>
#include <functional>
#include <thread>

namespace lateral::host {

/// Blocks both signals in this thread and those it starts later (so make it first), and waits for them in a thread of
/// its own: what `on_first` calls may therefore lock and allocate. A second signal ends the process in the ordinary
/// way.
class SignalWatcher {
 public:
  explicit SignalWatcher(std::function<void()> on_first);
  ~SignalWatcher();
  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;

 private:
  void watch(const std::function<void()>& on_first) const;

  sigset_t former_{};
  int signals_ = -1;  // signalfd
  int stop_ = -1;     // eventfd, written by the destructor
  std::thread thread_;
};

}  // namespace lateral::host
