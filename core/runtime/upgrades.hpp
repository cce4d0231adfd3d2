#pragma once
// Exchanging a loaded plugin for another revision of it while answers go on, and going back.

#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "core/runtime/connection_book.hpp"
#include "core/runtime/runtime.hpp"
#include "core/runtime/sensors.hpp"

namespace lateral::runtime {

/// Going back is one step: the last change of a plugin is undone, be it an adaptation, an upgrade, or going back.
/// Thread safety: all members from any thread; of two upgrades of one plugin at once the later one is refused.
class Upgrades {
 public:
  Upgrades(Sensors& sensors, ConnectionBook& book) : sensors_(sensors), book_(book) {}

  /// As Runtime::upgrade.
  UpgradeResult upgrade(const std::string& plugin, const std::filesystem::path& file,
                        const std::optional<std::filesystem::path>& adapter);
  /// As Runtime::rollback.
  RollbackResult rollback(const std::string& plugin);

  /// The last change of the plugin is that of its adapter, as also after loading.
  void note_adapted(const std::string& plugin);

 private:
  enum class Change { Adapter, Revision, Both };
  Change last_change(const std::string& plugin) const;
  void note(const std::string& plugin, Change change);
  RollbackResult back_to_former_revision(const std::string& plugin, Change last);

  Sensors& sensors_;
  ConnectionBook& book_;
  mutable std::mutex mutex_;
  std::map<std::string, Change> last_;
};

}  // namespace lateral::runtime
