#pragma once
// What a worker may ask of the kernel, given up for good before any code of the plugin runs. The only door to
// libseccomp.

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/plugin/worker/futex.hpp"

namespace lateral::plugin::worker {

/// No new privileges; no network, programs, processes, signals to others, or changes of the system (seccomp); no files
/// but `readable` and what restrict_files() adds, for reading (Landlock). A system call that is forbidden ends the
/// process with SIGSYS, its number + 1 in `forbidden`. Returns what this kernel does not have of it.
/// Throws Internal when the kernel refuses what it has.
std::vector<std::string> enter_sandbox(std::span<const std::filesystem::path> readable, Word& forbidden);

/// E.g. "socket".
std::string name_of_system_call(int number);

}  // namespace lateral::plugin::worker
