#include <algorithm>
#include <string_view>

#include "core/base/text.hpp"
#include "core/plugin/judges.hpp"

namespace lateral::plugin {
namespace {

constexpr std::string_view kEntryPrefix = "lateral_plugin_entry_v";

constexpr std::string_view kThreads = "starts threads; they must end in shutdown";
constexpr std::string_view kThreadLocal =
    "has thread-local destructors; on threads of its own they keep it mapped";
constexpr std::string_view kKeys = "makes thread keys; one with a destructor crashes after unloading";
constexpr std::string_view kHandlers = "changes signal handlers of the process";
constexpr std::string_view kEnds = "can end the process";
constexpr std::string_view kPrograms = "starts other programs";
constexpr std::string_view kEnvironment = "changes the environment of the process";
constexpr std::string_view kLocale = "changes the locale";
constexpr std::string_view kFolder = "changes the working directory of the process";
constexpr std::string_view kMode = "changes the floating-point mode; the host puts it back";
/// Imports that decide how a plugin behaves when it goes, or that touch what belongs to the process.
constexpr Predictor kPredictors[] = {
    {"pthread_create", kThreads},
    {"_ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE", kThreads},
    {"__cxa_thread_atexit", kThreadLocal},
    {"__cxa_thread_atexit_impl", kThreadLocal},
    {"pthread_key_create", kKeys},
    {"tss_create", kKeys},
    {"atexit", "registers exit handlers"},
    {"pthread_atfork", "registers fork handlers"},
    {"signal", kHandlers},
    {"__sysv_signal", kHandlers},
    {"sigaction", kHandlers},
    {"pthread_sigmask", "changes signal masks"},
    {"sigprocmask", "changes signal masks"},
    {"timer_create", "makes timers; they must be deleted in shutdown"},
    {"setitimer", "makes timers; they must be deleted in shutdown"},
    {"exit", kEnds},
    {"_exit", kEnds},
    {"_Exit", kEnds},
    {"quick_exit", kEnds},
    {"abort", kEnds},
    {"fork", "forks the process"},
    {"vfork", "forks the process"},
    {"system", kPrograms},
    {"popen", kPrograms},
    {"execve", kPrograms},
    {"posix_spawn", kPrograms},
    {"setlocale", kLocale},
    {"uselocale", kLocale},
    {"setenv", kEnvironment},
    {"unsetenv", kEnvironment},
    {"putenv", kEnvironment},
    {"chdir", kFolder},
    {"fchdir", kFolder},
    {"umask", "changes the umask of the process"},
    {"fesetround", kMode},
    {"fesetenv", kMode},
    {"dlopen", "loads further libraries"},
};

constexpr std::string_view kAlarms = "ends a host that does not wait for its signal";
constexpr std::string_view kCloses = "closes files of the host";
constexpr std::string_view kMoves = "gives the host another view of the system";
constexpr Predictor kForProcesses[] = {
    {"on_exit", "runs code of the plugin when the host ends, whether it is still mapped or not"},
    {"alarm", kAlarms},
    {"ualarm", kAlarms},
    {"setitimer", kAlarms},
    {"close_range", kCloses},
    {"closefrom", kCloses},
    {"daemon", "goes on in a child of the host and ends the host"},
    {"mlockall", "keeps all memory of the host from being paged"},
    {"setns", kMoves},
    {"unshare", kMoves},
};

void add_once(std::vector<std::string>& texts, std::string_view text) {
  if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.emplace_back(text);
}

}  // namespace

std::span<const Predictor> imports_for_processes() {
  return kForProcesses;
}

void judge_removal(const ElfFacts& elf, PluginFacts& facts) {
  std::string unique;
  std::string exported;
  for (const auto& symbol : elf.defined) {
    if (symbol.unique) {
      unique = symbol.name;
    } else if (!symbol.name.starts_with(kEntryPrefix)) {
      exported = symbol.name;
    }
  }
  if (!unique.empty()) facts.pins.push_back("exports the UNIQUE symbol " + shown(unique));
  if (!exported.empty()) facts.pins.push_back("exports " + shown(exported) + " besides the entry");
  if (elf.no_delete) facts.pins.emplace_back("is linked with -z nodelete");
  if (elf.static_tls) {
    facts.pins.push_back("uses static thread-local storage (" + std::to_string(elf.tls_bytes) + " bytes)");
  }
  for (const auto& reason : facts.pins) {
    if (facts.resident()) {
      facts.warnings.push_back(reason + " (declared: it stays mapped)");
    } else {
      facts.thread_problems.push_back(reason +
                                      ", so it could not be unloaded (build it with lateral_add_plugin(), or "
                                      "declare LAT_PLUGIN_RESIDENT)");
    }
  }
}

void predict(const ElfFacts& elf, PluginFacts& facts) {
  for (const auto& [symbol, meaning] : kPredictors) {
    if (elf.imports(symbol)) add_once(facts.warnings, meaning);
  }
  for (const auto& [symbol, meaning] : kForProcesses) {
    if (elf.imports(symbol))
      facts.thread_problems.push_back("imports " + std::string(symbol) + ", which " + std::string(meaning));
  }
  if (elf.sets_float_mode) {
    facts.warnings.emplace_back(
        "a constructor changes the floating-point mode (built with -Ofast or -ffast-math?); the host puts it "
        "back");
  }
}

}  // namespace lateral::plugin
