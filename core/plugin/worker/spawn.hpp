#pragma once
// Starting a program with a clean slate.

#include <filesystem>
#include <string>
#include <vector>

namespace lateral::plugin::worker {

struct Spawn {
  std::filesystem::path program;
  std::vector<std::string> arguments;  ///< without the program's name
  int output = -1;                     ///< becomes standard output and standard error
  std::vector<int> inherited;          ///< become descriptors 3, 4, ...; nothing else is inherited
};

/// In a process group of its own (so that Ctrl-C does not reach it), with default signal handlers and an empty
/// mask. Nothing of the host's memory is copied. Returns its process id. Throws Io or ResourceExhausted.
int spawn(const Spawn& what);

}  // namespace lateral::plugin::worker
