// The program: reads the command line, runs one command, turns what it throws into an exit status.

#include <cstdio>
#include <exception>
#include <string>
#include <variant>
#include <vector>

#include "core/base/log.hpp"
#include "core/runtime/caught.hpp"
#include "host/commands/commands.hpp"
#include "host/exit_codes.hpp"
#include "host/options.hpp"
#include "host/output.hpp"

namespace {

using namespace lateral;
using namespace lateral::host;

struct Dispatch {
  const CommonOptions& common;

  int operator()(const TextRequested& requested) const {
    print_line(requested.text);
    return kExitOk;
  }
  template <typename Options>
  int operator()(const Options& options) const {
    return run_command(options, common);
  }
};

int run(const std::vector<std::string>& args) {
  const Options options = parse_options(args);
  if (options.common.verbosity > 0)
    log::set_level(options.common.verbosity > 1 ? log::Level::Trace : log::Level::Debug);
  return std::visit(Dispatch{options.common}, options.command);
}

int report(const std::exception& error, int status) {
  std::fprintf(stderr, "lateral: %s\n", error.what());
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const UsageError& error) {
    return report(error, kExitUsage);
  } catch (const std::exception& error) {
    return report(error, exit_status(runtime::errc_of(error)));
  }
}
