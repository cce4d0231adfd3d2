#pragma once
// How a plugin is to be loaded: under which id, with which options, where its code runs, and what happens when it fails
// there.

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "core/plugin/isolation.hpp"
#include "core/plugin/options.hpp"
#include "core/plugin/state.hpp"

namespace lateral::plugin {

struct PluginFacts;

/// What happens when a worker dies or hangs.
enum class Restart { Never, OnFailure };

/// Of isolation in a process; a thread knows none of it.
struct WorkerOptions {
  bool sandbox = false;  ///< no network, no programs, no files but the plugin's folder and system libraries
  Restart restart = Restart::Never;
  unsigned max_restarts = 5;                     ///< in a row; a worker that lived a minute begins a new row
  std::chrono::milliseconds restart_delay{100};  ///< before the first; doubles each time, up to 30 s
  std::uint64_t memory_limit = std::uint64_t{2} << 30U;  ///< bytes of data, tensors of calls not counted
  unsigned threads =
      0;  ///< of each tensor operation, as in the host, so that bits agree; 0 = the library decides
};

struct LoadOptions {
  /// What it is called as long as it is loaded. Empty: as the library calls itself.
  std::string id{};
  OptionMap options{};
  /// Absent: a thread for the plugins that come with the program, a worker process for all others.
  std::optional<Isolation> isolation{};
  WorkerOptions worker{};
  /// Looks at what was verified before any of its code runs, and throws to refuse it. May be empty.
  std::function<void(const PluginFacts&)> review{};
  std::optional<Timeouts> timeouts{};  ///< absent = those of the PluginHost
};

}  // namespace lateral::plugin
