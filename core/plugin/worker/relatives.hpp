#pragma once
// Processes that a plugin made beside its worker, without which the worker's own end would not be the end.

#include <filesystem>

namespace lateral::plugin::worker {

/// Reaps the children of this process that are of the group of `leader`, but for the leader: a worker can make them
/// (CLONE_PARENT). REQUIRES: the group was sent SIGKILL, and the leader is not reaped yet. Waits two seconds at most; costs
/// one look into /proc where there are none.
void reap_group(int leader) noexcept;

/// Kills the process that traces `pid`, if it runs `program` as workers do: whoever traces a process is told of its end first.
/// Somebody's debugger is left alone.
void kill_tracer(int pid, const std::filesystem::path& program) noexcept;

}  // namespace lateral::plugin::worker
