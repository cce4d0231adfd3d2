#pragma once
// What answers can have seen. Several clients change the host at once, so what is in force is known only as a set.

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace lateral::storm {

/// Thread safety: all members may be called from any thread.
class Ledger {
 public:
  using Values = std::set<std::string>;
  /// Places in the history of each fact.
  using Moment = std::map<std::string, std::size_t>;
  /// A command that is under way.
  struct Change {
    std::string fact;
    std::uint64_t number = 0;
  };

  /// Before the command is sent: from now on `attempted` may be in force.
  Change begin(const std::string& fact, const Values& attempted);
  /// After the host's reply. `outcome` is in force, and nothing else unless another change of the fact ran meanwhile.
  /// Nothing: it failed, and any of the values may be in force.
  void end(const Change& change, const std::optional<std::string>& outcome);

  Moment now() const;
  /// Everything that may have been in force at some time since then.
  Values since(const Moment& moment, const std::string& fact) const;

 private:
  struct History {
    std::vector<Values> values{{}};  ///< each one what may be in force from then on
    std::uint64_t changes = 0;       ///< beginnings and ends
    int running = 0;
  };
  mutable std::mutex mutex_;
  std::map<std::string, History> facts_;
};

}  // namespace lateral::storm
