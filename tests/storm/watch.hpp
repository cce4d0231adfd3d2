#pragma once
// What another process holds, as the kernel tells.

#include <sys/types.h>

#include <vector>

namespace lateral::storm {

struct Held {
  long resident_kib = 0, mappings = 0, threads = 0, descriptors = 0, children = 0, zombies = 0;
};

Held held_by(pid_t process);
/// Its child processes, zombies among them.
std::vector<pid_t> children_of(pid_t process);

}  // namespace lateral::storm
