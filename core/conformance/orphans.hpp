#pragma once
// Processes that plugins leave behind. One that leaves the group of its parent is not killed with it, and its parent's end
// makes it somebody else's child: that of the nearest process that adopts orphans.

#include <sys/types.h>

#include <set>

namespace lateral::conformance {

/// From now on descendants whose parents end become children of this process.
void adopt_orphans() noexcept;

std::set<pid_t> child_processes();

/// Kills and reaps every child that is not among `known`.
void end_children_except(const std::set<pid_t>& known) noexcept;

}  // namespace lateral::conformance
