#include "core/conformance/static_checks.hpp"

#include <elf.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <span>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/plugin/elf_reader.hpp"
#include "core/plugin/host_libraries.hpp"
#include "core/plugin/inspection.hpp"
#include "core/plugin/judges.hpp"
#include "core/plugin/plugin_file.hpp"
#include "core/plugin/verified_plugin.hpp"

namespace lateral::conformance {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 30U;

/// Collects findings in the order of the catalogue; what was not reached is skipped.
class Judge {
 public:
  explicit Judge(StaticVerdict& verdict) : verdict_(verdict) {}

  void pass(std::string_view id) { add(id, Verdict::Pass, {}); }
  void warn(std::string_view id, std::string reason) { add(id, Verdict::Warn, std::move(reason)); }
  void skip(std::string_view id, std::string reason) { add(id, Verdict::Skip, std::move(reason)); }
  void fail(std::string_view id, std::string reason) { add(id, Verdict::Fail, std::move(reason)); }
  /// One finding out of many sentences.
  void judge(std::string_view id, Verdict bad, const std::vector<std::string>& reasons) {
    std::string all;
    for (const auto& reason : reasons) all += (all.empty() ? "" : "; ") + reason;
    if (all.empty()) {
      pass(id);
    } else {
      add(id, bad, std::move(all));
    }
  }

 private:
  void add(std::string_view id, Verdict verdict, std::string reason) {
    verdict_.findings.push_back({std::string(id), verdict, std::move(reason)});
  }
  StaticVerdict& verdict_;
};

std::string kind_of(const struct stat& status) {
  if (S_ISDIR(status.st_mode)) return "a folder";
  if (S_ISFIFO(status.st_mode)) return "a pipe";
  if (S_ISSOCK(status.st_mode)) return "a socket";
  return "a device";
}

/// The whole file, or nothing after saying why.
std::optional<std::vector<std::byte>> read(const fs::path& file, Judge& judge) {
  struct stat status {};
  if (::lstat(file.c_str(), &status) != 0) {
    fail(Errc::NotFound, "check", file.string(), ": ", std::strerror(errno));
  }
  if (::stat(file.c_str(), &status) != 0) {
    judge.fail("static.file", errno == ELOOP ? "it is a loop of symbolic links" : "it is a link to nothing");
    return {};
  }
  if (!S_ISREG(status.st_mode)) {
    judge.fail("static.file", "it is " + kind_of(status) + ", not a regular file");
    return {};
  }
  try {
    auto image = read_bytes(file, kMaxBytes);
    judge.pass("static.file");
    return image;
  } catch (const Error& error) {
    judge.fail("static.file", error.what());
    return {};
  }
}

void check_permissions(const fs::path& file, Judge& judge) {
  judge.judge("static.permissions", Verdict::Fail, plugin::PluginFile::open(file).objections({}));
}

/// Which test a file that cannot be read as a plugin fails.
std::string_view structural_test(std::span<const std::byte> image, const Error& error) {
  if (image.size() < SELFMAG || std::memcmp(image.data(), ELFMAG, SELFMAG) != 0) return "static.elf.format";
  if (error.code() == Errc::Corrupt) {
    return std::string_view(error.what()).find("truncated") != std::string_view::npos
               ? "static.elf.truncated"
               : "static.elf.structure";
  }
  Elf64_Half machine = EM_NONE;
  std::memcpy(&machine, image.data() + offsetof(Elf64_Ehdr, e_machine), sizeof machine);
  Elf64_Half mine = EM_NONE;
  const auto self = read_bytes("/proc/self/exe", kMaxBytes);
  std::memcpy(&mine, self.data() + offsetof(Elf64_Ehdr, e_machine), sizeof mine);
  const bool same = image[EI_CLASS] == self[EI_CLASS] && image[EI_DATA] == self[EI_DATA] && machine == mine;
  return same ? "static.elf.type" : "static.elf.machine";
}

constexpr std::string_view kStructural[] = {"static.elf.format", "static.elf.truncated",
                                            "static.elf.structure", "static.elf.machine", "static.elf.type"};

/// Its facts, or nothing after saying which of the structural tests it fails.
std::optional<plugin::ElfFacts> read_structure(std::span<const std::byte> image, Judge& judge) {
  try {
    auto facts = plugin::read_elf(image);
    for (const auto id : kStructural) judge.pass(id);
    return facts;
  } catch (const Error& error) {
    judge.fail(structural_test(image, error), error.what());
    return {};
  }
}

bool check_entry(const plugin::ElfFacts& elf, Judge& judge) {
  std::string other;
  for (const auto& symbol : elf.defined) {
    if (symbol.name == LAT_ENTRY_NAME && symbol.function) {
      judge.pass("static.entry");
      return true;
    }
    if (symbol.name == LAT_ENTRY_NAME) {
      judge.fail("static.entry", LAT_ENTRY_NAME " is data, not a function");
      return false;
    }
    if (symbol.name.starts_with("lateral_plugin_entry_")) other = symbol.name;
  }
  judge.fail("static.entry", other.empty() ? "it does not export " LAT_ENTRY_NAME
                                           : "it exports " + other + "; this host speaks v1");
  return false;
}

bool check_abi(const lat_note_desc& note, Judge& judge) {
  std::string reason;
  if (note.abi_major != LAT_ABI_MAJOR) {
    reason = "it was built for ABI " + std::to_string(note.abi_major) + ", this host speaks " +
             std::to_string(LAT_ABI_MAJOR);
  } else if (note.abi_minor_required > LAT_ABI_MINOR) {
    reason = "it needs a host of ABI 1." + std::to_string(note.abi_minor_required) + ", this is 1." +
             std::to_string(LAT_ABI_MINOR);
  } else if (note.abi_minor_required > note.abi_minor_built) {
    reason = "it requires a later minor (" + std::to_string(note.abi_minor_required) +
             ") than it was built for (" + std::to_string(note.abi_minor_built) + ")";
  }
  if (reason.empty()) {
    judge.pass("static.abi");
  } else {
    judge.fail("static.abi", reason);
  }
  return reason.empty();
}

bool check_note(const plugin::ElfFacts& elf, const plugin::PluginFacts& facts, Judge& judge) {
  if (!elf.note) {
    judge.fail("static.note", "it has no ELF note, so a host knows nothing of it without running it");
    return false;
  }
  const bool bad_id =
      facts.library_id.empty() ||
      facts.library_id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._-") != std::string::npos;
  if (bad_id || facts.version.empty()) {
    judge.fail("static.note", bad_id ? "its id \"" + facts.library_id + "\" is not made of [a-z0-9._-]"
                                     : "its version is empty");
  } else {
    judge.pass("static.note");
  }
  return check_abi(*elf.note, judge) && !bad_id;
}

/// What any isolation refuses, and what only a worker process takes.
void check_linking(const plugin::ElfFacts& elf, const plugin::PluginFacts& facts,
                   const StaticVerdict& verdict, Judge& judge) {
  std::vector<std::string> hard;
  if (elf.text_relocations) hard.emplace_back("it has text relocations");
  if (elf.executable_stack) hard.emplace_back("it asks for an executable stack");
  if (elf.writable_code) hard.emplace_back("it has memory that is writable and executable");
  judge.judge("static.hardening", Verdict::Fail, hard);
  std::vector<std::string> shared;
  for (const auto& problem : facts.thread_problems) {
    const auto is_pin = [&](const std::string& pin) { return problem.starts_with(pin); };
    const auto is_absence = [&](const std::string& library) {
      return problem.starts_with("needs " + library + ",");
    };
    const bool import = problem.starts_with("imports ");  // static.imports names those
    if (!import && std::none_of(facts.pins.begin(), facts.pins.end(), is_pin) &&
        std::none_of(verdict.absent_libtorch.begin(), verdict.absent_libtorch.end(), is_absence))
      shared.push_back(problem);
  }
  if (shared.empty() && !verdict.absent_libtorch.empty()) {
    judge.skip("static.libraries", "it computes with its host's libtorch, and none was found here");
  } else {
    judge.judge("static.libraries", Verdict::Warn, shared);
  }
  judge.judge("static.unloadable", facts.resident() ? Verdict::Pass : Verdict::Warn, facts.pins);
}

/// A plugin with folders of its own to look in brings its own.
void look_for_libtorch(const plugin::ElfFacts& elf, const plugin::PluginFacts& facts,
                       const fs::path& libtorch, StaticVerdict& verdict) {
  verdict.shares_libtorch = !facts.host_libraries.empty();
  for (const auto& library : elf.needed) {
    if (elf.run_path.empty() && plugin::is_shared_with_host(library) &&
        plugin::library_of_host(library, libtorch).empty())
      verdict.absent_libtorch.push_back(library);
  }
}

/// The manifest beside it, if there is one, against its note and its bytes.
void check_manifest(const fs::path& file, const plugin::PluginFacts& facts, Judge& judge) {
  std::vector<std::string> news;
  const auto verified = plugin::verify(file).facts;
  for (const auto& problem : verified.problems) {
    if (problem.find("manifest") != std::string::npos) news.push_back(problem);
  }
  if (news.empty() && !verified.manifest) {
    judge.skip("static.manifest", "there is no " +
                                      fs::path(facts.file.filename()).replace_extension("toml").string() +
                                      " beside it, which is optional");
  } else {
    judge.judge("static.manifest", Verdict::Fail, news);
  }
}

/// Imports that end or change the process of whoever calls them. What they do is seen by the other groups; those
/// that a C++ or Rust runtime brings by itself are not among these.
void check_imports(const plugin::ElfFacts& elf, Judge& judge) {
  constexpr plugin::Predictor kSuspects[] = {{"exit", "ends the process"},
                                             {"_exit", "ends the process"},
                                             {"quick_exit", "ends the process"},
                                             {"fork", "forks the process"},
                                             {"vfork", "forks the process"},
                                             {"system", "runs programs"},
                                             {"setlocale", "changes the locale"},
                                             {"setenv", "changes the environment"},
                                             {"putenv", "changes the environment"},
                                             {"chdir", "changes the working directory"},
                                             {"umask", "changes the umask"},
                                             {"fesetround", "changes the rounding mode"},
                                             {"socket", "opens sockets"},
                                             {"connect", "opens connections"},
                                             {"pthread_sigmask", "changes the signal mask"}};
  std::vector<std::string> found;
  for (const auto list : {std::span<const plugin::Predictor>(kSuspects), plugin::imports_for_processes()}) {
    for (const auto& [symbol, meaning] : list) {
      if (elf.imports(symbol)) found.push_back(std::string(symbol) + " " + std::string(meaning));
    }
  }
  judge.judge("static.imports", Verdict::Warn, found);
}

}  // namespace

std::vector<TestInfo> static_catalogue() {
  const std::string_view damaged = "Build or copy the file again; compare its size with the original.";
  const std::string_view build = "Build it with lateral_add_plugin().";
  return {
      {"static.file", "it is a regular file that can be read", "Name the shared library itself."},
      {"static.permissions", "nobody else can exchange it",
       "chmod o-w the file and its folder; let its user own both."},
      {"static.elf.format", "it is an ELF file", "Name the shared library, *.lateral.so."},
      {"static.elf.truncated", "it is as long as its headers say", damaged},
      {"static.elf.structure", "its headers and tables are possible", damaged},
      {"static.elf.machine", "it is built for this machine", "Build it for the machine that runs the host."},
      {"static.elf.type", "it is a shared library",
       "Link it as a shared library (-shared, CMake: MODULE), not as a program."},
      {"static.entry", "it exports " LAT_ENTRY_NAME,
       "Mark the function LAT_EXPORT, in C++ also extern \"C\"."},
      {"static.note", "its ELF note says who it is",
       "Put LAT_NOTE (C) or LATERAL_PLUGIN (C++) into one source file."},
      {"static.abi", "it speaks this host's ABI",
       "Ask for the oldest minor that you can work with, or use a newer host."},
      {"static.manifest", "its manifest agrees with its note and its bytes",
       "Let lateral_add_plugin(... MANIFEST file) write it after every link; say there what LAT_NOTE says."},
      {"static.hardening", "it has no text relocations, executable stack or writable code",
       "Compile with -fPIC, link with -z noexecstack."},
      {"static.libraries", "it brings no library that a host cannot share",
       "Link it statically or do without; else the plugin runs only in a worker process."},
      {"static.unloadable", "nothing pins it in memory for good",
       "Build it with lateral_add_plugin(): a version script that exports the entry alone. Else declare "
       "LAT_PLUGIN_RESIDENT, or run it in a worker process."},
      {"static.imports", "it imports nothing that changes or ends the process", build},
  };
}

StaticVerdict check_static(const Settings& settings, const fs::path& libtorch) {
  StaticVerdict verdict;
  Judge judge(verdict);
  const auto image = read(settings.file, judge);
  if (!image) return verdict;
  const auto elf = read_structure(*image, judge);
  if (!elf) return verdict;
  check_permissions(settings.file, judge);
  const auto facts = plugin::inspect(settings.file, *image, libtorch);
  verdict.plugin_id = facts.library_id;
  verdict.version = facts.version;
  const bool entry = check_entry(*elf, judge);
  const bool note = check_note(*elf, facts, judge);
  check_manifest(settings.file, facts, judge);
  look_for_libtorch(*elf, facts, libtorch, verdict);
  check_linking(*elf, facts, verdict, judge);
  check_imports(*elf, judge);
  verdict.runnable = entry && note;
  return verdict;
}

}  // namespace lateral::conformance
