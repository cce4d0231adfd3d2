#include "core/plugin/worker/limits.hpp"

#include <lateral/plugin.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

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

struct Memory {
  rlim_t address_space = 0;
  rlim_t data = 0;
};

Memory memory_in_use() {
  rlim_t size = 0;
  rlim_t ignored = 0;
  rlim_t data = 0;
  std::ifstream("/proc/self/statm") >> size >> ignored >> ignored >> ignored >> ignored >> data;
  const auto page = static_cast<rlim_t>(::sysconf(_SC_PAGESIZE));
  return {size * page, data * page};
}

}  // namespace

void tie_to_parent(int parent) noexcept {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(0);  // it went before the line above
  std::ofstream("/proc/self/oom_score_adj") << 1000;
}

void limit_compute_threads(unsigned count) {
  const std::string number = std::to_string(count);
  for (const char* const name : {"OMP_NUM_THREADS", "MKL_NUM_THREADS"}) ::setenv(name, number.c_str(), 1);
  // As the host has it: MKL must not take fewer where it sees fit, because that changes the last bits of a sum.
  ::setenv("MKL_DYNAMIC", "FALSE", 1);
}

void limit_resources(std::uint64_t memory, bool sandbox) {
  limit(RLIMIT_CORE, 0);
  const Memory used = memory_in_use();
  if (LAT_SANITIZER == 0 && memory > 0) limit(RLIMIT_DATA, used.data + memory);
  if (!sandbox) return;
  // Shared anonymous memory is not data. The lanes are mapped by now, so what is there does not count.
  if (LAT_SANITIZER == 0 && memory > 0) limit(RLIMIT_AS, used.address_space + memory + kCode);
  limit(RLIMIT_NOFILE, kDescriptors);
  limit(RLIMIT_NPROC, kThreadsOfUser);
}

}  // namespace lateral::plugin::worker
