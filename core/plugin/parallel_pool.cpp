#include "core/plugin/parallel_pool.hpp"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "core/base/error.hpp"
#include "core/plugin/float_mode.hpp"

namespace lateral::plugin {
namespace {

constexpr unsigned kMaxHelpers = 15;
thread_local bool inside_loop = false;

}  // namespace

struct ParallelPool::Loop {
  std::uint32_t n;
  Body body;
  void* user;
  std::atomic<std::uint64_t> next{0};
};

ParallelPool::ParallelPool(std::string name, std::shared_ptr<ThreadFamily> family)
    : name_(std::move(name)), family_(std::move(family)) {}

ParallelPool::~ParallelPool() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  threads_.clear();
}

bool ParallelPool::end(Clock::time_point until) {
  std::vector<std::unique_ptr<PluginThread>> threads;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    threads.swap(threads_);
  }
  wake_.notify_all();
  bool all = true;
  for (const auto& thread : threads) all = thread->end(until) && all;
  return all;
}

bool ParallelPool::run(std::uint32_t n, Body body, void* user) {
  if (inside_loop) return false;
  Loop loop{n, body, user};
  const std::unique_lock only(one_loop_, std::try_to_lock);
  if (!only.owns_lock() || n < 2 || !start()) {
    drain(loop);
    return true;
  }
  {
    const std::lock_guard lock(mutex_);
    loop_ = &loop;
    ++loops_;
  }
  wake_.notify_all();
  drain(loop);
  std::unique_lock lock(mutex_);
  loop_ = nullptr;
  idle_.wait(lock, [this] { return busy_ == 0; });
  return true;
}

bool ParallelPool::start() {
  const std::lock_guard lock(mutex_);
  if (stop_) return false;
  if (!threads_.empty()) return true;
  const unsigned cores = std::max(2U, std::thread::hardware_concurrency());
  try {
    for (unsigned i = 0; i < std::min(cores - 1, kMaxHelpers); ++i) {
      threads_.push_back(std::make_unique<PluginThread>(name_, family_));
      threads_.back()->post([this] { help(); });
    }
  } catch (const Error&) {
    // Fewer helpers, or none: the calling thread does the work.
  }
  return true;
}

void ParallelPool::help() {
  std::uint64_t seen = 0;
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [&] { return stop_ || (loop_ != nullptr && seen != loops_); });
    if (stop_) return;
    seen = loops_;
    Loop& loop = *loop_;
    ++busy_;
    lock.unlock();
    {
      const FloatModeGuard guard;
      drain(loop);
    }
    lock.lock();
    if (--busy_ == 0) idle_.notify_all();
  }
}

void ParallelPool::drain(Loop& loop) {
  inside_loop = true;
  for (std::uint64_t i = loop.next++; i < loop.n; i = loop.next++)
    loop.body(static_cast<std::uint32_t>(i), loop.user);
  inside_loop = false;
}

}  // namespace lateral::plugin
