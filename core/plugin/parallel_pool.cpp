#include "core/plugin/parallel_pool.hpp"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <system_error>
#include <utility>

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

ParallelPool::ParallelPool(std::string name) : name_(std::move(name)) {}

ParallelPool::~ParallelPool() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  for (auto& thread : threads_) thread.join();
}

bool ParallelPool::run(std::uint32_t n, Body body, void* user) {
  if (inside_loop) return false;
  Loop loop{n, body, user};
  const std::unique_lock only(one_loop_, std::try_to_lock);
  if (!only.owns_lock() || n < 2) {
    drain(loop);
    return true;
  }
  start();
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

void ParallelPool::start() {
  if (!threads_.empty()) return;
  const unsigned cores = std::max(2U, std::thread::hardware_concurrency());
  try {
    for (unsigned i = 0; i < std::min(cores - 1, kMaxHelpers); ++i) threads_.emplace_back([this] { help(); });
  } catch (const std::system_error&) {
    // Fewer helpers, or none: the calling thread does the work.
  }
}

void ParallelPool::help() {
  ::pthread_setname_np(::pthread_self(), name_.c_str());
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
