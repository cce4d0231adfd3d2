#pragma once
// The life of one loaded copy of a plugin (docs: abi, state machine).
//
//   discovered -> verified -> loaded -> initialised -> active -> draining -> stopped -> unmapped
//        \___________\___________\______ failed            \________\            \---> retired
//                                                            quarantined
//
// Retired: closed, still mapped. Quarantined: hung or broke its contract; never called again. Restarting: its
// worker process ended, another one is on its way.

#include <chrono>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/plugin/footprint.hpp"

namespace lateral::plugin {

using Clock = std::chrono::steady_clock;

enum class State {
  Discovered,
  Verified,
  Loaded,
  Initialised,
  Active,
  Restarting,
  Draining,
  Stopped,
  Unmapped,
  Retired,
  Quarantined,
  Failed,
};

/// E.g. "active".
std::string_view name_of(State state) noexcept;

/// How long the host waits for a plugin before it gives it up.
struct Timeouts {
  std::chrono::milliseconds load{30'000};  ///< static constructors and the entry
  std::chrono::milliseconds init{60'000};  ///< reading weights
  std::chrono::milliseconds call{10'000};  ///< create, destroy, shutdown, static destructors
  std::chrono::milliseconds grace{500};    ///< from asking a running encode to stop until giving it up
};

/// What became of a plugin that was unloaded.
struct UnloadReport {
  State state = State::Stopped;  ///< Unmapped, Retired or Quarantined
  std::string reason;            ///< why it is still mapped; empty when unmapped
  std::string complaint;         ///< what shutdown reported, if it failed
  double milliseconds = 0;
  std::vector<std::string> conduct;  ///< what it changed that belongs to the process or the host's threads
  Footprint left;  ///< what the process holds more than before it was loaded, whoever's it is

  bool unmapped() const { return state == State::Unmapped; }
};

/// The state of one copy and why it is in it. Quarantined is for good.
/// Thread safety: all members from any thread.
class Custody {
 public:
  State state() const;
  void enter(State state, std::string reason = {});
  bool quarantined() const { return state() == State::Quarantined; }
  std::string reason() const;

 private:
  mutable std::mutex mutex_;
  State state_ = State::Discovered;
  std::string reason_;
};

}  // namespace lateral::plugin
