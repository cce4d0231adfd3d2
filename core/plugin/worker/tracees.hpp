#pragma once
// Threads of a child that asked to be traced by this process (PTRACE_TRACEME needs nobody's consent). Such a thread stops
// instead of dying quietly, and its process is not gone before its tracer has waited for every one of them.

namespace lateral::plugin::worker {

/// Waits for the traced threads of a child that was sent SIGKILL, for two seconds at most. The child itself stays to be
/// reaped. Costs one look into /proc where there are none.
void release_tracees(int pid) noexcept;

}  // namespace lateral::plugin::worker
