#pragma once
// What of the process would lead into a library after it was unmapped.

#include <signal.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace lateral::plugin {

/// Where a library lies in memory, [begin, end).
struct ImageRange {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  bool holds(const void* address) const noexcept {
    const auto at = reinterpret_cast<std::uintptr_t>(address);
    return at >= begin && at < end;
  }
};

/// Made before the library is loaded. A Census puts right what one call changed; this is about what stayed since
/// some encode between two of them, and about memory that putenv() was given.
class LooseEnds {
 public:
  LooseEnds();

  /// Before it is unmapped, when no code of it runs any more: signal handlers in the library become what they were,
  /// environment variables in its memory become copies. Says what there was, for a line of the log.
  std::vector<std::string> tie_up(const ImageRange& image) const;

 private:
  std::array<struct sigaction, 65> handlers_{};  // by signal, from 1
};

}  // namespace lateral::plugin
