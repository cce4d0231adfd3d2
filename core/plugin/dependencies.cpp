#include <algorithm>
#include <sstream>
#include <string_view>

#include "core/base/text.hpp"
#include "core/plugin/glibc_version.hpp"
#include "core/plugin/host_libraries.hpp"
#include "core/plugin/judges.hpp"

namespace lateral::plugin {
namespace {

/// Part of every system that runs the host, or of its C++ runtime: sharing them is what they are made for.
constexpr std::string_view kShared[] = {
    "libc.so.6",      "libm.so.6",      "libmvec.so.1",         "libpthread.so.0",
    "libdl.so.2",     "librt.so.1",     "libutil.so.1",         "libgcc_s.so.1",
    "libstdc++.so.6", "libatomic.so.1", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"};

/// Its version is the compiler's; it needs nothing of the program.
constexpr std::string_view kUndefinedBehaviour = "libubsan.so.";

/// Runtimes that end the process when they come late; the host has its own or none.
constexpr std::string_view kSanitizer = LAT_SANITIZER == LAT_SANITIZER_ADDRESS  ? "libasan."
                                        : LAT_SANITIZER == LAT_SANITIZER_THREAD ? "libtsan."
                                                                                : "";

/// Libraries that cannot live beside the host's own copy in one process.
constexpr std::string_view kUnsharable[] = {"libtorch", "libc10", "libpython",
                                            "libgomp",  "libomp", "libiomp"};

/// The C library ends the process when it has no memory for it.
constexpr std::uint64_t kMaxThreadLocal = 16U << 20U;

/// Folders of a run path that are judged; each may become a line for the user, and no honest library has more.
constexpr std::size_t kMaxFolders = 16;

constexpr std::string_view kSystemFolders[] = {"/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib"};

template <typename List>
bool begins_with_one_of(std::string_view text, const List& list) {
  return std::any_of(std::begin(list), std::end(list), [&](auto word) { return text.starts_with(word); });
}

bool is_of_every_system(const std::string& library) {
  if (library.find('/') != library.npos) return false;  // a path, whatever its name
  if (std::find(std::begin(kShared), std::end(kShared), library) != std::end(kShared)) return true;
  if (library.starts_with(kUndefinedBehaviour)) return true;
  return !kSanitizer.empty() && library.starts_with(kSanitizer);
}

void judge_library(const std::string& library, const std::filesystem::path& host_copy, PluginFacts& facts) {
  if (is_of_every_system(library)) return;
  if (!host_copy.empty()) {
    facts.host_libraries.push_back(host_copy.string());
    return;
  }
  if (begins_with_one_of(library, kUnsharable)) {
    facts.thread_problems.push_back("needs " + shown(library) + ", which it cannot share with the host");
  } else {
    facts.thread_problems.push_back("needs " + shown(library) +
                                    ", which is not part of every system; link it statically");
  }
}

/// The loader answers by name before it looks for files: whoever asked for that library later would get the plugin.
void judge_own_name(const ElfFacts& elf, PluginFacts& facts) {
  constexpr std::string_view kSuffix = ".lateral.so";
  if (elf.own_name.empty() || elf.own_name.ends_with(kSuffix)) return;
  facts.thread_problems.push_back(
      "calls itself " + shown(elf.own_name) +
      ", so others that need a library of that name would get it (link without -soname)");
}

bool system_folder(const std::string& folder) {
  return std::any_of(std::begin(kSystemFolders), std::end(kSystemFolders), [&](std::string_view known) {
    return folder.starts_with(known) && (folder.size() == known.size() || folder[known.size()] == '/') &&
           folder.find("..") == folder.npos;
  });
}

void judge_run_path(const std::string& path, PluginFacts& facts) {
  if (static_cast<std::size_t>(std::count(path.begin(), path.end(), ':')) >= kMaxFolders) {
    facts.problems.emplace_back("looks for libraries in more than sixteen folders");
    return;
  }
  std::istringstream folders(path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (folder.starts_with("$ORIGIN") || folder.starts_with("${ORIGIN}")) {
      facts.thread_problems.push_back("looks for libraries in " + shown(folder) +
                                      ", beside itself, which leads nowhere from a copy in memory");
    } else if (!folder.starts_with('/')) {
      facts.problems.push_back("looks for libraries in \"" + shown(folder) +
                               "\", wherever the host happens to run (link it without -rpath)");
    } else if (!system_folder(folder)) {
      facts.thread_problems.push_back("looks for libraries in " + shown(folder) +
                                      ", outside the system's folders");
    }
  }
}

void judge_glibc(const ElfFacts& elf, PluginFacts& facts) {
  constexpr std::string_view kPrefix = "GLIBC_";
  const auto running = parse_glibc(running_glibc());
  GlibcVersion newest{};
  for (const auto& version : elf.versions) {
    if (!version.name.starts_with(kPrefix)) continue;
    const std::string number = version.name.substr(kPrefix.size());
    const auto wanted = parse_glibc(number);  // not all are numbers: GLIBC_PRIVATE
    if (!wanted) continue;
    if (*wanted > newest) {
      newest = *wanted;
      facts.glibc = number;
    }
    if (running && *wanted > *running) {
      facts.problems.push_back("needs glibc " + shown(number) +
                               (version.symbol.empty() ? "" : " (for " + shown(version.symbol) + ")") +
                               ", this is " + running_glibc() + "; build it on an older system");
    }
  }
}

}  // namespace

void judge_dependencies(const ElfFacts& elf, const std::filesystem::path& host_libraries,
                        PluginFacts& facts) {
  // A plugin with folders of its own to look in brings its own, for a worker.
  const bool shares = elf.run_path.empty();
  for (const auto& library : elf.needed)
    judge_library(library, shares ? library_of_host(library, host_libraries) : std::filesystem::path(),
                  facts);
  judge_own_name(elf, facts);
  judge_run_path(elf.run_path, facts);
  judge_glibc(elf, facts);
  if (elf.text_relocations) facts.problems.emplace_back("has text relocations (build it with -fPIC)");
  if (elf.executable_stack)
    facts.problems.emplace_back("asks for an executable stack (link with -z noexecstack)");
  if (elf.writable_code)
    facts.problems.emplace_back("has memory that is writable and executable (link without -N)");
  if (elf.tls_bytes > kMaxThreadLocal) {
    facts.thread_problems.push_back("has " + std::to_string(elf.tls_bytes) +
                                    " bytes of thread-local storage, for every thread that uses it");
  }
}

}  // namespace lateral::plugin
