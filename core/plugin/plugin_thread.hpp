#pragma once
// One operating-system thread on which a plugin's code runs, so that a hang costs the plugin and not
// its caller.
//
// A thread that does not come back is abandoned: it is detached, gets no more work, and whatever its task
// holds stays alive with it. Tasks therefore own everything they touch (shared_ptr, values), never the
// caller's stack.

#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <string>

#include "core/plugin/state.hpp"
#include "core/plugin/thread_family.hpp"

namespace lateral::plugin {

/// One piece of work given to a PluginThread. Thread safety: all members may be called from any thread.
class Task {
 public:
  /// True once it has ended, false when `until` came first.
  bool wait_until(Clock::time_point until);
  /// Takes it back if it has not begun; then it never runs. False when it has begun or ended.
  bool withdraw();
  /// Throws what the task threw. REQUIRES: wait_until returned true.
  void rethrow() const;

 private:
  friend class PluginThread;
  enum class State { Waiting, Running, Done, Withdrawn };

  bool begin();
  void finish(std::exception_ptr error);

  std::function<void()> body_;
  std::mutex mutex_;
  std::condition_variable done_;
  State state_ = State::Waiting;
  std::exception_ptr error_;
};

/// Thread safety: post and abandon may be called from any thread.
class PluginThread {
 public:
  /// Starts it. `name` (at most 15 bytes) is what the kernel shows; threads that the plugin starts inherit
  /// it, and are members of `family`. Throws ResourceExhausted.
  explicit PluginThread(const std::string& name, std::shared_ptr<ThreadFamily> family = nullptr);
  /// Waits for the tasks that were posted and ends the thread; leaves an abandoned one alone.
  ~PluginThread();
  PluginThread(const PluginThread&) = delete;
  PluginThread& operator=(const PluginThread&) = delete;

  /// Tasks run one after another in the order given. Each runs under its own floating-point guard.
  std::shared_ptr<Task> post(std::function<void()> body);

  /// The same with a limit, since thread-local destructors of the plugin run at the end: false when `until` came first;
  /// the thread is abandoned then.
  bool end(Clock::time_point until);

  /// Gives it up: it will never be joined nor get work again.
  void abandon();
  bool abandoned() const;

  /// Threads of this process that carry `name`: those that a plugin started inherit its thread's.
  static std::size_t count_named(const std::string& name);

 private:
  struct Shared;
  static void* begin(void* shared);
  static void work(const std::shared_ptr<Shared>& shared);

  std::shared_ptr<Shared> shared_;
};

}  // namespace lateral::plugin
