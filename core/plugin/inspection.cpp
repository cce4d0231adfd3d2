#include "core/plugin/inspection.hpp"

#include <algorithm>
#include <string_view>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/plugin/sealed_image.hpp"

namespace lateral::plugin {
namespace {

constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 30U;
constexpr std::string_view kEntryPrefix = "lateral_plugin_entry_v";

/// Libraries that cannot live beside the host's own copy in one process.
constexpr std::string_view kRefusedLibraries[] = {"libtorch", "libc10", "libpython",
                                                  "libgomp",  "libomp", "libiomp"};

/// Imports that decide how a plugin behaves when it goes.
struct Predictor {
  std::string_view symbol;
  std::string_view meaning;
};
constexpr Predictor kPredictors[] = {
    {"pthread_create", "starts threads; they must end in shutdown"},
    {"_ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE",
     "starts threads; they must end in shutdown"},
    {"__cxa_thread_atexit", "has thread-local destructors; on threads of its own they keep it mapped"},
    {"__cxa_thread_atexit_impl", "has thread-local destructors; on threads of its own they keep it mapped"},
    {"pthread_key_create", "makes thread keys; one with a destructor crashes after unloading"},
    {"atexit", "registers exit handlers"},
    {"signal", "changes signal handlers of the process"},
    {"sigaction", "changes signal handlers of the process"},
    {"exit", "can end the process"},
    {"_exit", "can end the process"},
    {"quick_exit", "can end the process"},
    {"fork", "forks the process"},
    {"setlocale", "changes the locale of the process"},
    {"setenv", "changes the environment of the process"},
    {"chdir", "changes the working directory of the process"},
};

bool acceptable_id(std::string_view id) {
  return !id.empty() && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
}

void judge_entry(const ElfFacts& elf, PluginFacts& facts) {
  std::string others;
  for (const auto& symbol : elf.defined) {
    if (symbol.name == LAT_ENTRY_NAME) {
      if (!symbol.function) facts.problems.push_back(LAT_ENTRY_NAME " is data, not a function");
      return;
    }
    if (symbol.name.starts_with(kEntryPrefix)) others += " " + symbol.name.substr(kEntryPrefix.size() - 1);
  }
  facts.problems.push_back(others.empty()
                               ? "does not export " LAT_ENTRY_NAME
                                 " (build it with lateral_add_plugin(), or mark the function LAT_EXPORT)"
                               : "exports" + others + ", this host speaks v1");
}

void judge_note(const ElfFacts& elf, PluginFacts& facts) {
  if (!elf.note) {
    facts.problems.push_back("has no lateral note (LAT_NOTE or LATERAL_PLUGIN makes it)");
    return;
  }
  facts.id = elf.note->id;
  facts.version = elf.note->version;
  facts.abi_major = elf.note->abi_major;
  facts.abi_minor_built = elf.note->abi_minor_built;
  facts.abi_minor_required = elf.note->abi_minor_required;
  facts.flags = elf.note->flags;
  if (!acceptable_id(facts.id))
    facts.problems.push_back("its id \"" + facts.id + "\" is not made of [a-z0-9._-]");
  if (facts.abi_major != LAT_ABI_MAJOR) {
    facts.problems.push_back("was built for ABI " + std::to_string(facts.abi_major) +
                             "; this host speaks ABI " + std::to_string(LAT_ABI_MAJOR));
  } else if (facts.abi_minor_required > LAT_ABI_MINOR) {
    facts.problems.push_back("needs a host of ABI 1." + std::to_string(facts.abi_minor_required) +
                             " or later, this is 1." + std::to_string(LAT_ABI_MINOR));
  }
}

void judge_libraries(const ElfFacts& elf, PluginFacts& facts) {
  for (const auto& library : elf.needed) {
    for (const auto refused : kRefusedLibraries) {
      if (library.starts_with(refused))
        facts.thread_problems.push_back("needs " + library + ", which it cannot share with the host");
    }
  }
  if (elf.text_relocations) facts.problems.emplace_back("has text relocations (build it with -fPIC)");
  if (elf.executable_stack)
    facts.problems.emplace_back("asks for an executable stack (link with -z noexecstack)");
  if (!elf.run_path.empty()) facts.warnings.push_back("looks for libraries in " + elf.run_path);
}

/// What keeps glibc from ever unmapping it, or lets it meddle with the host's symbols.
void judge_removal(const ElfFacts& elf, PluginFacts& facts) {
  std::vector<std::string> found;
  std::string unique;
  std::string exported;
  for (const auto& symbol : elf.defined) {
    if (symbol.unique) {
      unique = symbol.name;
    } else if (!symbol.name.starts_with(kEntryPrefix)) {
      exported = symbol.name;
    }
  }
  if (!unique.empty()) found.push_back("exports the UNIQUE symbol " + unique);
  if (!exported.empty()) found.push_back("exports " + exported + " besides the entry");
  if (elf.no_delete) found.emplace_back("is linked with -z nodelete");
  if (elf.static_tls) found.emplace_back("uses static thread-local storage");
  facts.pins = found;
  for (const auto& reason : found) {
    if (facts.resident()) {
      facts.warnings.push_back(reason + " (declared: it stays mapped)");
    } else {
      facts.thread_problems.push_back(reason +
                                      ", so it could not be unloaded (build it with lateral_add_plugin(), or "
                                      "declare LAT_PLUGIN_RESIDENT)");
    }
  }
}

void judge_imports(const ElfFacts& elf, PluginFacts& facts) {
  for (const auto& [symbol, meaning] : kPredictors) {
    const std::string text(meaning);
    if (!elf.imports(symbol)) continue;
    if (std::find(facts.warnings.begin(), facts.warnings.end(), text) == facts.warnings.end()) {
      facts.warnings.push_back(text);
    }
  }
}

}  // namespace

PluginFacts inspect(const std::filesystem::path& file, std::span<const std::byte> image) {
  ElfFacts elf;
  try {
    elf = read_elf(image);
  } catch (const Error& error) {
    throw Error(error.code(), file.string(), error.what());
  }
  PluginFacts facts;
  facts.file = file;
  facts.bytes = image.size();
  facts.needed = elf.needed;
  judge_entry(elf, facts);
  judge_note(elf, facts);
  judge_libraries(elf, facts);
  judge_removal(elf, facts);
  judge_imports(elf, facts);
  return facts;
}

PluginFacts inspect(const std::filesystem::path& file) {
  return inspect(file, read_bytes(file, kMaxBytes));
}

std::vector<std::string> problems_in(const PluginFacts& facts, Isolation isolation) {
  auto problems = facts.problems;
  if (isolation == Isolation::Thread) {
    problems.insert(problems.end(), facts.thread_problems.begin(), facts.thread_problems.end());
  }
  return problems;
}

void require_loadable(const PluginFacts& facts, Isolation isolation) {
  const auto problems = problems_in(facts, isolation);
  if (problems.empty()) return;
  std::string all;
  for (const auto& problem : problems) all += (all.empty() ? "" : "; ") + problem;
  const bool abi = facts.abi_major != LAT_ABI_MAJOR || facts.abi_minor_required > LAT_ABI_MINOR;
  fail(abi ? Errc::AbiMismatch : Errc::Unsupported, "plugin", facts.file.string(), " ", all);
}

}  // namespace lateral::plugin
