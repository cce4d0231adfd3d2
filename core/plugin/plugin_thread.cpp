#include "core/plugin/plugin_thread.hpp"

#include <pthread.h>

#include <deque>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/plugin/float_mode.hpp"

namespace lateral::plugin {

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
  std::thread thread;
};

PluginThread::PluginThread(const std::string& name) : shared_(std::make_shared<Shared>()) {
  shared_->name = name.substr(0, 15);
  try {
    shared_->thread = std::thread([shared = shared_] { work(shared); });
  } catch (const std::system_error& error) {
    fail(Errc::ResourceExhausted, "plugin", "cannot start thread \"", name, "\": ", error.what());
  }
}

PluginThread::~PluginThread() {
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->abandoned) return;
    shared_->closing = true;
  }
  shared_->changed.notify_all();
  shared_->thread.join();
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
  shared_->thread.detach();
  shared_->tasks.clear();
}

bool PluginThread::abandoned() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->abandoned;
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
