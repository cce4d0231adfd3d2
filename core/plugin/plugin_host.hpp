#pragma once
// All plugins of a process: one slot per id, loading, lending encoders, unloading.

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/plugin/inspection.hpp"
#include "core/plugin/load_options.hpp"
#include "core/plugin/revision.hpp"
#include "core/plugin/search.hpp"
#include "core/plugin/state.hpp"

namespace lateral::plugin {

/// One plugin as `plugin list` shows it.
struct PluginEntry {
  std::filesystem::path file;
  std::optional<PluginFacts> facts;  ///< nothing when the file could not be read
  State state = State::Discovered;
  std::string message;  ///< why it cannot be read, did not load, or is in its state
};

/// Thread safety: all members may be called from any thread; operations on different ids do not wait for
/// each other.
class PluginHost {
 public:
  explicit PluginHost(SearchPath search = default_search(), Timeouts timeouts = {}, Trust trust = {});
  /// Unloads everything.
  ~PluginHost();
  PluginHost(const PluginHost&) = delete;
  PluginHost& operator=(const PluginHost&) = delete;

  /// Loads and initialises; on return the plugin is active. Returns its id. Throws NotFound,
  /// FailedPrecondition (an id that is loaded already), Corrupt, Unsupported, AbiMismatch, or what the
  /// plugin's init reported; then nothing has changed but list(), which keeps the reason.
  std::string load(std::string_view id_or_file, LoadOptions options = {});

  /// Waits up to `patience` for running encodes, then cancels them. The slot is empty afterwards.
  /// Throws NotFound.
  UnloadReport unload(std::string_view id, std::chrono::milliseconds patience = std::chrono::seconds(5));

  /// A new encoder of a loaded plugin; "" = its first. Throws NotFound, or what the plugin's create reported.
  std::unique_ptr<Encoder> make_encoder(std::string_view id, std::string_view encoder = {},
                                        OptionMap options = {});

  /// The active copy of a plugin. Throws NotFound, naming what is loaded.
  std::shared_ptr<Revision> revision(std::string_view id) const;
  /// Ids that are loaded, sorted.
  std::vector<std::string> loaded() const;

  /// Every plugin file on the search path and everything that is or was loaded. Runs no plugin code.
  std::vector<PluginEntry> list() const;
  /// What is known of one plugin without running its code. Throws NotFound, Io, Corrupt, Unsupported.
  PluginFacts show(std::string_view id_or_file) const;

  const SearchPath& search() const noexcept { return search_; }

 private:
  struct Slot {
    std::shared_ptr<Revision> active;  ///< null while another thread loads or unloads it
  };
  void reserve(const std::string& id);
  void remember(const std::filesystem::path& file, State state, std::string message);

  SearchPath search_;
  Timeouts timeouts_;
  Trust trust_;
  mutable std::mutex mutex_;
  std::map<std::string, Slot, std::less<>> slots_;
  /// How the last load or unload ended.
  std::map<std::filesystem::path, std::pair<State, std::string>> past_;
};

}  // namespace lateral::plugin
