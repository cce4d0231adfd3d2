// The child's side of a check.

#include <sys/prctl.h>
#include <sys/resource.h>

#include <charconv>
#include <csignal>
#include <cstdlib>
#include <exception>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/conformance/board.hpp"
#include "core/conformance/catalogue.hpp"
#include "core/conformance/checker.hpp"
#include "core/conformance/child.hpp"
#include "core/conformance/fault_handler.hpp"
#include "core/conformance/libtorch.hpp"
#include "core/conformance/orphans.hpp"

namespace lateral::conformance {
namespace {

/// A plugin that takes all memory must not take the machine's.
constexpr rlim_t kMaxMemory = rlim_t{24} << 30U;

void limit_process() {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  adopt_orphans();  // so that it is this plugin's tests that see them
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // these map terabytes themselves
  const rlimit memory{kMaxMemory, kMaxMemory};
  ::setrlimit(RLIMIT_AS, &memory);
#endif
}

const ProbeInfo& probe_of(const std::string& index) {
  std::size_t number = 0;
  const char* const end = index.data() + index.size();
  const auto [stop, error] = std::from_chars(index.data(), end, number);
  if (error != std::errc() || stop != end || number >= probes().size()) {
    fail(Errc::InvalidArgument, "check", "there is no probe ", index);
  }
  return probes()[number];
}

}  // namespace

int run_probe(const Settings& settings, const std::string& index) {
  const auto& info = probe_of(index);
  Board board(kBoardDescriptor);
  board.forget_descriptor();
  limit_process();
  install_fault_handlers(board);
  Probe probe(settings, board);
  probe.begin(info.tests.front().id);
  probe.phase("starting");
  try {
    if (!settings.libtorch.empty()) {
      probe.phase("mapping libtorch");
      map_libtorch(settings.libtorch, settings.file);
    }
    info.body(probe);
  } catch (const std::exception& error) {
    board.add(board.test(), info.when_broken, error.what());
  }
  board.finish();
  return EXIT_SUCCESS;
}

}  // namespace lateral::conformance
