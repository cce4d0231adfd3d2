#include "core/plugin/parallel_pool.hpp"

#include <cxxabi.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>
#include <utility>

#include "core/base/error.hpp"
#include "core/plugin/float_mode.hpp"

namespace lateral::plugin {
namespace {

constexpr unsigned kMaxHelpers = 15;
thread_local bool inside_loop = false;

/// However a loop is left: its body is a plugin's and may throw.
struct InsideLoop {
  InsideLoop() { inside_loop = true; }
  ~InsideLoop() { inside_loop = false; }
  InsideLoop(const InsideLoop&) = delete;
  InsideLoop& operator=(const InsideLoop&) = delete;
};

}  // namespace

struct ParallelPool::Loop {
  std::uint32_t n;
  Body body;
  void* user;
  std::atomic<std::uint64_t> next{0};
  std::exception_ptr thrown{};  ///< by a helper's body; the first. Under the pool's mutex

  void stop() { next.store(n); }
};

/// A loop that helpers may see. It lies on its caller's stack, so nobody works on it any more when that is left.
class ParallelPool::Shared {
 public:
  Shared(ParallelPool& pool, Loop& loop) : pool_(pool), loop_(loop) {
    {
      const std::lock_guard lock(pool_.mutex_);
      pool_.loop_ = &loop_;
      ++pool_.loops_;
    }
    pool_.wake_.notify_all();
  }
  ~Shared() {
    loop_.stop();  // of what is left nothing is wanted when the caller's own body threw
    std::unique_lock lock(pool_.mutex_);
    pool_.loop_ = nullptr;
    pool_.idle_.wait(lock, [this] { return pool_.busy_ == 0; });
  }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

 private:
  ParallelPool& pool_;
  Loop& loop_;
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
    const Shared shared(*this, loop);
    drain(loop);
  }
  if (loop.thrown) std::rethrow_exception(loop.thrown);
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
    help_with(loop);
    lock.lock();
  }
}

void ParallelPool::help_with(Loop& loop) {
  struct Idle {  // also when the plugin ends this thread
    ParallelPool& pool;
    ~Idle() {
      const std::lock_guard lock(pool.mutex_);
      if (--pool.busy_ == 0) pool.idle_.notify_all();
    }
  };
  const Idle idle{*this};
  const FloatModeGuard guard;
  try {
    drain(loop);
  } catch (const abi::__forced_unwind&) {
    throw;
  } catch (...) {
    loop.stop();
    auto thrown = std::current_exception();
    if (!thrown)  // of another runtime
      thrown = std::make_exception_ptr(Error(Errc::PluginFault, "parallel_for", "its body threw"));
    const std::lock_guard lock(mutex_);
    if (!loop.thrown) loop.thrown = std::move(thrown);
  }
}

void ParallelPool::drain(Loop& loop) {
  const InsideLoop inside;
  for (std::uint64_t i = loop.next++; i < loop.n; i = loop.next++)
    loop.body(static_cast<std::uint32_t>(i), loop.user);
}

}  // namespace lateral::plugin
