#pragma once
// One worker process from start to reaping. One thread of the host starts it, listens to it and reaps it: the
// kernel ties the worker's life to the thread that started it.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/plugin/sealed_image.hpp"
#include "core/plugin/state.hpp"
#include "core/plugin/worker/lane.hpp"

namespace lateral::plugin::worker {

/// `lateral-worker`: LATERAL_WORKER, else beside the running program. Throws NotFound.
std::filesystem::path worker_program();

/// Thread safety: all members may be called from any thread; each lane by one at a time.
class WorkerProcess {
 public:
  /// Starts it with its lanes; it waits for a question. `name` is whose output it is in the log. Throws
  /// NotFound, Io, or ResourceExhausted.
  WorkerProcess(std::shared_ptr<const SealedImage> image, std::string name, std::size_t lanes);
  /// Kills it unless it is gone. Afterwards nothing of it is left: no process, zombie, descriptor, mapping or
  /// thread.
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  Lane& lane(std::size_t index) { return lanes_[index]; }
  std::size_t lanes() const noexcept { return lanes_.size(); }
  int pid() const noexcept { return pid_; }

  /// True once it has been reaped.
  bool gone() const noexcept { return gone_.load(std::memory_order_acquire); }
  bool wait_until_gone(Clock::time_point until);
  /// How it ended, e.g. "crashed with SIGSEGV". REQUIRES: gone().
  std::string cause() const;
  /// Ends it and whatever it started in its process group.
  void kill() noexcept;

 private:
  void live();
  void start();
  void listen(int output);
  void reap();
  std::string describe(int code, int status);

  std::shared_ptr<const SealedImage> image_;
  std::string name_;
  std::filesystem::path program_;
  std::vector<Lane> lanes_;
  int pid_ = -1;
  int pidfd_ = -1;
  int output_ = -1;
  std::atomic<bool> gone_{false};
  std::atomic<bool> killed_{false};
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool started_ = false;
  std::exception_ptr failure_;
  std::string cause_;
  std::thread supervisor_;
};

}  // namespace lateral::plugin::worker
