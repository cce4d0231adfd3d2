#pragma once
// All plugins of a process: one slot per id, loading, lending encoders, unloading. An id is what a host calls a plugin; one
// library may be loaded under several, as plugins that share nothing but the file.

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

/// One plugin as `plugin list` shows it: a loaded one, one that was, or a file.
struct PluginEntry {
  std::filesystem::path file;
  std::string id;                    ///< that it is or was to be loaded under; empty = nobody tried
  std::optional<PluginFacts> facts;  ///< nothing when the file could not be read
  State state = State::Discovered;
  std::string message;  ///< why it cannot be read, did not load, or is in its state
};

/// What a revision is made from; enough to make it again when its file is gone.
struct Source {
  VerifiedPlugin plugin;
  LoadOptions options;
};

/// A revision that is ready to take the place of another one of its plugin. Dropped, it is unloaded.
struct Successor {
  std::shared_ptr<Revision> revision;
  Source source;
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

  /// Loads and initialises the library with this id, or in this file; on return the plugin is active. Returns the id
  /// that it is loaded under: options.id, or else the library's own. Throws NotFound, InvalidArgument (a file named
  /// after the id that holds another library), FailedPrecondition (an id that is loaded already), Corrupt, Unsupported,
  /// AbiMismatch, or what the plugin's init reported; then nothing has changed but list(), which keeps the reason.
  std::string load(std::string_view id_or_file, LoadOptions options = {});

  /// Waits up to `patience` for running encodes, then cancels them. The slot is empty afterwards.
  /// Throws NotFound.
  UnloadReport unload(std::string_view id, std::chrono::milliseconds patience = std::chrono::seconds(5));

  /// Exchanges a loaded plugin for the one in `file`: prepare, exchange, and close what was active. Returns what became
  /// of that. If anything before the exchange throws, nothing has changed.
  UnloadReport upgrade(std::string_view id, const std::filesystem::path& file, LoadOptions options = {},
                       std::chrono::milliseconds patience = std::chrono::seconds(5));
  /// Loads, initialises and self-tests another revision beside the active one, under the same id. Throws NotFound (the
  /// id is not loaded, no such file), InvalidArgument (a file of another library than the active one's), what load()
  /// throws, and what self_test() throws.
  Successor prepare(std::string_view id, const std::filesystem::path& file, LoadOptions options = {});
  /// The same with what the last exchange() replaced, from the copy in memory. Throws FailedPrecondition when there is
  /// none.
  Successor prepare_former(std::string_view id);
  /// From now on everybody finds `next`; what it is made of is kept of `active` for prepare_former(). Encodes that run go
  /// on; the caller closes `active`. Throws FailedPrecondition when `active` is not in its slot any more.
  /// `next` is taken only if that succeeds.
  void exchange(const std::shared_ptr<Revision>& active, Successor&& next);

  /// A new encoder of a loaded plugin; "" = its first. Throws NotFound, or what the plugin's create reported.
  std::unique_ptr<Encoder> make_encoder(std::string_view id, std::string_view encoder = {},
                                        OptionMap options = {});

  /// The active copy of a plugin. Throws NotFound, naming what is loaded.
  std::shared_ptr<Revision> revision(std::string_view id) const;
  /// Ids that are loaded, sorted.
  std::vector<std::string> loaded() const;

  /// Every plugin file on the search path and everything that is or was loaded. Runs no plugin code.
  std::vector<PluginEntry> list() const;
  /// The file that load() would take. Throws NotFound.
  std::filesystem::path find(std::string_view id_or_file) const;
  /// What is known of one library without running its code. Throws NotFound, Io, Corrupt, Unsupported.
  PluginFacts show(std::string_view id_or_file) const;

  const SearchPath& search() const noexcept { return search_; }

 private:
  struct Slot {
    std::shared_ptr<Revision> active;  ///< null while another thread loads or unloads it
    Source source;                     ///< of the active one
    std::optional<Source> former;      ///< of the one that the last exchange replaced
  };
  Successor successor_of(Source source) const;
  void reserve(const std::string& id);
  /// How a file ended under an id; the id is empty for one that could not be verified.
  void remember(const std::filesystem::path& file, const std::string& id, State state, std::string message);
  /// The file is in order under this id. `mutex_` is held.
  void forget(const std::filesystem::path& file, const std::string& id);
  PluginEntry described(const std::filesystem::path& file) const;

  SearchPath search_;
  Timeouts timeouts_;
  Trust trust_;
  mutable std::mutex mutex_;
  std::map<std::string, Slot, std::less<>> slots_;
  using FileUnderId = std::pair<std::filesystem::path, std::string>;
  /// How the last load or unload ended.
  std::map<FileUnderId, std::pair<State, std::string>> past_;
};

}  // namespace lateral::plugin
