#include "core/plugin/plugin_thread.hpp"

#include <pthread.h>

#include <chrono>
#include <cstdint>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/plugin/float_mode.hpp"

namespace lateral::plugin {

namespace {

timespec timespec_of(std::chrono::nanoseconds time) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  return {static_cast<time_t>(time.count() / kSecond), static_cast<long>(time.count() % kSecond)};
}

bool join_until(pthread_t thread, Clock::time_point until) {
#ifdef __SANITIZE_THREAD__  // it knows only the call that goes by the clock of the day
  const auto day = std::chrono::system_clock::now().time_since_epoch() + (until - Clock::now());
  const timespec at = timespec_of(day);
  return ::pthread_timedjoin_np(thread, nullptr, &at) == 0;
#else
  const timespec at = timespec_of(until.time_since_epoch());
  return ::pthread_clockjoin_np(thread, nullptr, CLOCK_MONOTONIC, &at) == 0;
#endif
}

}  // namespace

bool Task::wait_until(Clock::time_point until) {
  std::unique_lock lock(mutex_);
  return done_.wait_until(lock, until, [this] { return state_ == State::Done; });
}

bool Task::withdraw() {
  const std::lock_guard lock(mutex_);
  if (state_ != State::Waiting) return false;
  state_ = State::Withdrawn;
  body_ = nullptr;
  return true;
}

void Task::rethrow() const {
  if (error_) std::rethrow_exception(error_);
}

bool Task::begin() {
  const std::lock_guard lock(mutex_);
  if (state_ != State::Waiting) return false;
  state_ = State::Running;
  return true;
}

void Task::finish(std::exception_ptr error) {
  body_ = nullptr;  // what it owned goes on this thread, before anybody is told
  {
    const std::lock_guard lock(mutex_);
    error_ = std::move(error);
    state_ = State::Done;
  }
  done_.notify_all();
}

struct PluginThread::Shared {
  std::string name;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::shared_ptr<Task>> tasks;
  bool closing = false;
  bool abandoned = false;
  bool ended = false;
  std::shared_ptr<ThreadFamily> family;
  pthread_t thread{};  // not std::thread, which cannot be joined with a limit

  /// False when there is nothing to wait for.
  bool close() {
    {
      const std::lock_guard lock(mutex);
      if (abandoned || ended) return false;
      closing = true;
    }
    changed.notify_all();
    return true;
  }
};

PluginThread::PluginThread(const std::string& name, std::shared_ptr<ThreadFamily> family)
    : shared_(std::make_shared<Shared>()) {
  shared_->name = name.substr(0, 15);
  shared_->family = std::move(family);
  auto handed_over = std::make_unique<std::shared_ptr<Shared>>(shared_);
  const int error = ::pthread_create(&shared_->thread, nullptr, &PluginThread::begin, handed_over.get());
  if (error != 0) {
    fail(Errc::ResourceExhausted, "plugin", "cannot start thread \"", name, "\": ", std::strerror(error));
  }
  handed_over.release();
}

PluginThread::~PluginThread() {
  if (shared_->close()) ::pthread_join(shared_->thread, nullptr);
}

bool PluginThread::end(Clock::time_point until) {
  if (!shared_->close()) return !abandoned();
  if (!join_until(shared_->thread, until)) {
    abandon();
    return false;
  }
  const std::lock_guard lock(shared_->mutex);
  shared_->ended = true;
  return true;
}

std::shared_ptr<Task> PluginThread::post(std::function<void()> body) {
  auto task = std::make_shared<Task>();
  task->body_ = std::move(body);
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->abandoned) fail(Errc::FailedPrecondition, "plugin", "thread \"", shared_->name, "\" hangs");
    shared_->tasks.push_back(task);
  }
  shared_->changed.notify_all();
  return task;
}

void PluginThread::abandon() {
  const std::lock_guard lock(shared_->mutex);
  if (std::exchange(shared_->abandoned, true)) return;
  ::pthread_detach(shared_->thread);
  shared_->tasks.clear();
}

bool PluginThread::abandoned() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->abandoned;
}

void* PluginThread::begin(void* shared) {
  const std::unique_ptr<std::shared_ptr<Shared>> mine(static_cast<std::shared_ptr<Shared>*>(shared));
  if ((*mine)->family) (*mine)->family->lead();
  work(*mine);
  return nullptr;
}

void PluginThread::work(const std::shared_ptr<Shared>& shared) {
  ::pthread_setname_np(::pthread_self(), shared->name.c_str());
  std::unique_lock lock(shared->mutex);
  while (true) {
    shared->changed.wait(lock,
                         [&] { return shared->closing || shared->abandoned || !shared->tasks.empty(); });
    if (shared->abandoned || shared->tasks.empty()) return;
    const auto task = std::move(shared->tasks.front());
    shared->tasks.pop_front();
    lock.unlock();
    if (task->begin()) {
      std::exception_ptr error;
      FloatModeGuard guard;
      try {
        task->body_();
      } catch (...) {
        error = std::current_exception();
      }
      if (guard.restore()) {
        log::warn("plugin", shared->name, ": plugin code changed the floating-point mode; restored");
      }
      task->finish(std::move(error));
    }
    lock.lock();
  }
}

std::size_t PluginThread::count_named(const std::string& name) {
  std::size_t count = 0;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task", ignored)) {
    std::string found;
    std::getline(std::ifstream(entry.path() / "comm"), found);
    if (found == name.substr(0, 15)) ++count;
  }
  return count;
}

}  // namespace lateral::plugin
