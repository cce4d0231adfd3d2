#pragma once
// A probe is what one child process does: it runs one test or a few that belong together.

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "core/conformance/board.hpp"
#include "core/conformance/settings.hpp"

namespace lateral::conformance {

/// The plugin broke the promise that is being tested; what() says how.
class Breach : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

template <typename... Parts>
[[noreturn]] void breach(const Parts&... parts) {
  throw Breach(lateral::detail::concat(parts...));
}

/// The child's side of a running probe.
class Probe {
 public:
  Probe(const Settings& settings, Board& board) : settings_(settings), board_(board) {}
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  const Settings& settings() const noexcept { return settings_; }
  Board& board() noexcept { return board_; }

  /// What happens from here on counts for this test: a Breach, a crash, a hang.
  void begin(std::string_view id) noexcept { board_.enter_test(id); }
  /// What the plugin is doing, for the message when it does not come back.
  void phase(std::string_view what) noexcept { board_.enter_phase(what); }

  void pass(std::string_view id, std::string_view reason = {}) { board_.add(id, Verdict::Pass, reason); }
  void warn(std::string_view id, std::string_view reason) { board_.add(id, Verdict::Warn, reason); }
  void fail(std::string_view id, std::string_view reason) { board_.add(id, Verdict::Fail, reason); }
  void skip(std::string_view id, std::string_view reason) { board_.add(id, Verdict::Skip, reason); }
  void figure(std::string_view name, double value) { board_.add_figure(name, value); }

 private:
  const Settings& settings_;
  Board& board_;
};

/// One stable test: what a good plugin does, and what to change when yours does not.
struct TestInfo {
  std::string_view id;
  std::string_view promise;
  std::string_view advice;
};

/// How far a plugin must have come in the `load` probe before it makes sense to run another.
enum class Stage { None, Entry, Init, Create, Encode, Unload };

struct ProbeInfo {
  void (*body)(Probe&);
  Stage needs;
  int time_factor;  ///< times the time limit
  std::vector<TestInfo> tests;
  /// Warn for what a good plugin does although the host never asks for it.
  Verdict when_broken = Verdict::Fail;
  bool counts_heap = false;  ///< see ChildHeap::Exact
};

}  // namespace lateral::conformance
