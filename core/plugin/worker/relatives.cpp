#include "core/plugin/worker/relatives.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace lateral::plugin::worker {
namespace {

namespace fs = std::filesystem;

std::vector<int> children_in_group(int leader) {
  std::vector<int> members;
  std::error_code error;
  for (fs::directory_iterator thread("/proc/self/task", error), end; !error && thread != end;
       thread.increment(error)) {
    std::ifstream children(thread->path() / "children");
    for (int child = 0; children >> child;) {
      if (child != leader && ::getpgid(child) == leader) members.push_back(child);
    }
  }
  return members;
}

/// False once there are none.
bool reap_members(int leader) {
  const auto members = children_in_group(leader);
  for (const int member : members) ::waitpid(member, nullptr, __WALL | WNOHANG);
  return !members.empty();
}

int tracer_of(int pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string word; status >> word;) {
    int tracer = 0;
    if (word == "TracerPid:" && status >> tracer) return tracer;
  }
  return 0;
}

}  // namespace

void reap_group(int leader) noexcept {
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + std::chrono::seconds(2);
  try {
    while (reap_members(leader) && Clock::now() < until)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  } catch (...) {  // no memory for a name: they stay zombies
    return;
  }
}

void kill_tracer(int pid, const fs::path& program) noexcept {
  try {
    const int tracer = tracer_of(pid);
    std::error_code error;
    if (tracer > 0 && tracer != ::getpid() &&
        fs::equivalent("/proc/" + std::to_string(tracer) + "/exe", program, error))
      ::kill(tracer, SIGKILL);
  } catch (...) {  // no memory for a name: asked again
    return;
  }
}

}  // namespace lateral::plugin::worker
