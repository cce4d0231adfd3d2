#pragma once
// Threads that the host lends to one plugin for parallel_for, so that plugins need no pools of their own.
// They belong to one loaded copy and are joined before it is unmapped.

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/plugin/plugin_thread.hpp"

namespace lateral::plugin {

class ParallelPool {
 public:
  using Body = void (*)(std::uint32_t, void*);

  /// Starts no thread yet. `name` and `family` as for PluginThread.
  explicit ParallelPool(std::string name, std::shared_ptr<ThreadFamily> family = nullptr);
  ~ParallelPool();
  ParallelPool(const ParallelPool&) = delete;
  ParallelPool& operator=(const ParallelPool&) = delete;

  /// Calls body(i, user) for i in [0, n) on these threads and the calling one; returns when all are done. A
  /// second loop that comes meanwhile runs on its caller alone. False, having done nothing, inside another
  /// loop's body. Throws what a body threw, on whichever thread, once no other one runs; some are left out then.
  /// Thread safety: may be called from any thread.
  bool run(std::uint32_t n, Body body, void* user);

  /// Ends these threads; later loops run on their caller alone. False when one did not end in time.
  /// REQUIRES: no loop runs.
  bool end(Clock::time_point until);

 private:
  struct Loop;
  class Shared;
  bool start();
  void help();
  void help_with(Loop& loop);
  static void drain(Loop& loop);

  std::string name_;
  std::mutex one_loop_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable idle_;
  Loop* loop_ = nullptr;
  std::uint64_t loops_ = 0;
  unsigned busy_ = 0;
  bool stop_ = false;
  std::shared_ptr<ThreadFamily> family_;
  std::vector<std::unique_ptr<PluginThread>> threads_;
};

}  // namespace lateral::plugin
