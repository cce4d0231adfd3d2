// `lateral plugin check` is a program of its own, which lies beside this one: a checker starts itself for every test, and
// most plugins that it runs must not meet libtorch. It is told where this program's lies, for those that share it.

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "core/plugin/host_libraries.hpp"
#include "host/commands/commands.hpp"

namespace lateral::host {

int run_command(const PluginCheckOptions& options, const CommonOptions& common) {
  const auto program = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "lateral-check";
  if (const auto library = plugin::library_of_host("libtorch_cpu.so"); !library.empty())
    ::setenv("LATERAL_TORCH", library.parent_path().c_str(), 1);
  std::vector<std::string> words{program.string(), options.file};
  words.insert(words.end(), options.arguments.begin(), options.arguments.end());
  if (common.json) words.emplace_back("--json");
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::execv(program.c_str(), argv.data());
  fail(Errc::NotFound, "plugin check", "cannot run ", program.string(), ": ", std::strerror(errno));
}

}  // namespace lateral::host
