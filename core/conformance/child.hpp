#pragma once
// One child process that runs one probe: started with a process group of its own, watched with a time limit,
// and really killed, with whatever it started.

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/conformance/board.hpp"

namespace lateral::conformance {

/// The descriptor at which a child finds its board.
inline constexpr int kBoardDescriptor = 3;

/// How the child's C library keeps freed memory. Exact: it keeps none for each thread, so that mallinfo2() counts what is in
/// use and nothing else. As glibc usually is, freed blocks wait in lists of each thread and count as used; lists that fill
/// one block at a time look like a leak for hundreds of rounds. It also finds fewer double frees then, so not everywhere.
enum class ChildHeap { AsUsual, Exact };

struct ChildOutcome {
  enum class End { Exited, Signalled, TimedOut };
  End end = End::Exited;
  int number = 0;         ///< exit status or signal
  bool finished = false;  ///< the probe said on the board that it came to its end
  double seconds = 0;
  std::string output;  ///< the beginning of what it wrote to standard output
  std::string errors;  ///< the same of standard error

  /// It finished and left with status 0.
  bool clean() const noexcept { return finished && end == End::Exited && number == 0; }
};

/// Runs `program` with `arguments` and the board, and waits at most `limit`. Nothing of the child is left when this
/// returns, nor of what it started: this process adopts orphans from now on. Throws Io when it cannot be started.
/// REQUIRES: no other thread starts processes meanwhile.
ChildOutcome run_child(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                       const Board& board, std::chrono::milliseconds limit,
                       ChildHeap heap = ChildHeap::AsUsual);

/// How a child that is not clean() ended, as the end of a sentence about the plugin: "crashed in init: ...".
std::string describe_end(const ChildOutcome& outcome, const Board& board);

}  // namespace lateral::conformance
