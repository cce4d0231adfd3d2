// lateral-check: the conformance checker, as a program without torch. `lateral plugin check` runs it, and it runs
// itself as the child of each test.

#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/conformance/checker.hpp"
#include "core/conformance/report.hpp"
#include "host/check/arguments.hpp"

namespace {

using namespace lateral;

constexpr int kConforms = 0;
constexpr int kFails = 1;
constexpr int kCannotRun = 2;

int run_child(const std::vector<std::string>& args) {
  log::set_level(log::Level::Off);  // its streams are the plugin's, to see whether it writes there
  if (args.size() < 3) fail(Errc::InvalidArgument, "check", "this is how it calls itself");
  const auto arguments = check::parse_arguments(std::span(args).subspan(2));
  return conformance::run_probe(arguments.settings, args[1]);
}

int run(const std::vector<std::string>& args) {
  if (!args.empty() && args[0] == conformance::kChildFlag) return run_child(args);
  const auto arguments = check::parse_arguments(args);
  if (arguments.help) {
    std::fputs(check::usage().c_str(), stdout);
    return kConforms;
  }
  const auto report = conformance::check(arguments.settings, std::filesystem::read_symlink("/proc/self/exe"));
  const auto text = arguments.json ? conformance::json_of(report, arguments.settings)
                                   : conformance::text_of(report, arguments.settings);
  std::printf("%s\n", text.c_str());
  if (report.verdict() == conformance::Verdict::Fail) return kFails;
  return report.obstacle.empty() ? kConforms : kCannotRun;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "lateral-check: %s\n", error.what());
    return kCannotRun;
  }
}
