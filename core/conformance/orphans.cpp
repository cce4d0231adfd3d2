#include "core/conformance/orphans.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <string>

namespace lateral::conformance {

void adopt_orphans() noexcept {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
}

// Orphans are given to the first thread.
std::set<pid_t> child_processes() {
  std::set<pid_t> result;
  std::ifstream children("/proc/self/task/" + std::to_string(::getpid()) + "/children");
  for (pid_t pid = 0; children >> pid;) result.insert(pid);
  return result;
}

void end_children_except(const std::set<pid_t>& known) noexcept {
  bool found = true;
  while (found) {  // the children of one that ends become ours
    found = false;
    for (const pid_t pid : child_processes()) {
      if (known.contains(pid)) continue;
      ::kill(pid, SIGKILL);
      found = ::waitpid(pid, nullptr, 0) == pid || found;
    }
  }
}

}  // namespace lateral::conformance
