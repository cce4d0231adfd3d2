#pragma once
// Where a plugin's code runs.

#include <string_view>

namespace lateral::plugin {

enum class Isolation {
  Thread,   ///< a thread of the host: a crash takes the host with it
  Process,  ///< a worker process of its own
};

/// As in configurations: "thread", "process".
constexpr std::string_view name_of(Isolation isolation) noexcept {
  return isolation == Isolation::Thread ? "thread" : "process";
}

/// What it means for who runs the host.
constexpr std::string_view note_of(Isolation isolation) noexcept {
  return isolation == Isolation::Thread
             ? "isolation \"thread\": a crash inside this plugin takes the host with it"
             : "isolation \"process\": a crash inside this plugin costs this plugin alone";
}

}  // namespace lateral::plugin
