#include "core/plugin/worker/tracees.hpp"

#include <sys/wait.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>

namespace lateral::plugin::worker {
namespace {

/// False once the first thread is the only one.
bool wait_for_threads(int pid) {
  namespace fs = std::filesystem;
  bool others = false;
  std::error_code error;
  for (fs::directory_iterator thread("/proc/" + std::to_string(pid) + "/task", error), end;
       !error && thread != end; thread.increment(error)) {
    const int id = std::atoi(thread->path().filename().c_str());
    if (id == pid) continue;
    others = true;
    ::waitpid(id, nullptr, __WALL | WNOHANG);  // fails for those that are not traced
  }
  return others;
}

}  // namespace

void release_tracees(int pid) noexcept {
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + std::chrono::seconds(2);
  try {
    while (wait_for_threads(pid) && Clock::now() < until) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  } catch (...) {  // no memory for a name: it stays a zombie
    return;
  }
}

}  // namespace lateral::plugin::worker
