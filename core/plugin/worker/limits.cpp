#include "core/plugin/worker/limits.hpp"

#include <lateral/plugin.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>

#include "core/base/error.hpp"

namespace lateral::plugin::worker {
namespace {

constexpr rlim_t kDescriptors = 256;
constexpr rlim_t kThreadsOfUser = 4096;
constexpr rlim_t kCode = rlim_t{1} << 30U;  // address space for libraries, beside the data

void limit(__rlimit_resource what, rlim_t wanted) {
  rlimit now{};
  ::getrlimit(what, &now);
  const rlim_t value = std::min(wanted, now.rlim_max);
  const rlimit next{value, value};
  if (::setrlimit(what, &next) != 0)
    fail(Errc::Internal, "worker", "cannot limit itself: ", std::strerror(errno));
}

rlim_t address_space() {
  rlim_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

void tie_to_parent(int parent) noexcept {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(0);  // it went before the line above
  std::ofstream("/proc/self/oom_score_adj") << 1000;
}

void limit_resources(std::uint64_t memory, bool sandbox) {
  limit(RLIMIT_CORE, 0);
  if (LAT_SANITIZER == 0 && memory > 0) limit(RLIMIT_DATA, memory);
  if (!sandbox) return;
  // Shared anonymous memory is not data. The lanes are mapped by now, so what is there does not count.
  if (LAT_SANITIZER == 0 && memory > 0) limit(RLIMIT_AS, address_space() + memory + kCode);
  limit(RLIMIT_NOFILE, kDescriptors);
  limit(RLIMIT_NPROC, kThreadsOfUser);
}

}  // namespace lateral::plugin::worker
