#pragma once
// The stage between "verified" and "initialised": a library that is mapped, on threads of its own.

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/plugin/conduct.hpp"
#include "core/plugin/footprint.hpp"
#include "core/plugin/host_table.hpp"
#include "core/plugin/loose_ends.hpp"
#include "core/plugin/negotiation.hpp"
#include "core/plugin/plugin_library.hpp"
#include "core/plugin/plugin_thread.hpp"
#include "core/plugin/state.hpp"
#include "core/plugin/thread_family.hpp"
#include "core/plugin/verified_plugin.hpp"

namespace lateral::plugin {

/// One mapped copy. The destructor closes it unless close() did. A copy whose code hangs is never destroyed:
/// it goes to a graveyard with everything it may touch.
class LoadedPlugin : public std::enable_shared_from_this<LoadedPlugin> {
 public:
  /// Starts the thread, maps the library there and negotiates; `id` is what it is called from now on. Throws
  /// Unsupported, AbiMismatch, or DeadlineExceeded when a static constructor hangs; nothing is left behind then,
  /// except in the last case.
  static std::shared_ptr<LoadedPlugin> open(VerifiedPlugin plugin, std::string id, const Timeouts& timeouts);
  ~LoadedPlugin();
  LoadedPlugin(const LoadedPlugin&) = delete;
  LoadedPlugin& operator=(const LoadedPlugin&) = delete;

  const std::string& id() const noexcept { return id_; }
  const PluginFacts& facts() const noexcept { return facts_; }
  const lat_plugin& functions() const noexcept { return table_.functions; }
  lat_ctx* context() noexcept { return host_->context(); }
  const Timeouts& timeouts() const noexcept { return timeouts_; }
  Custody& custody() noexcept { return custody_; }
  /// What its code changed that it must not, so far.
  std::vector<std::string> conduct() const { return conduct_->notes(); }
  /// What the process held after close() more than before open().
  const Footprint& left() const noexcept { return left_; }

  /// Runs `body` on the plugin's thread, after what was posted before, and waits. The body owns what it
  /// touches. Throws what the body threw; DeadlineExceeded when it did not end in time, and then quarantines.
  void run(std::string_view what, std::chrono::milliseconds timeout, std::function<void()> body);

  /// Starts `body` there (or, for reentrant encoders, on a borrowed worker) without waiting.
  std::shared_ptr<Task> post(PluginThread& thread, std::string_view what, std::function<void()> body);
  PluginThread& thread() noexcept { return *thread_; }
  /// Threads that it starts, from whichever thread it is called on.
  const std::shared_ptr<ThreadFamily>& family() const noexcept { return family_; }

  /// A worker for one reentrant call; give it back unless it hangs.
  std::unique_ptr<PluginThread> borrow_worker();
  void return_worker(std::unique_ptr<PluginThread> worker);

  /// The thread does not come back from `what`: detaches it and quarantines.
  void give_up(PluginThread& thread, std::string_view what);
  /// No code of this copy is called any more, and it stays mapped for good, with everything it may touch.
  void quarantine(std::string reason);

  /// Joins all threads, counts those that the plugin left behind, unmaps on a thread of its own, proves it.
  /// REQUIRES: no call is running.
  Removal close();

 private:
  LoadedPlugin(VerifiedPlugin plugin, std::string id, const Timeouts& timeouts);
  /// `body`, after which everything is put back that the plugin changed of its surroundings.
  std::function<void()> watched(std::string_view what, std::function<void()> body) const;
  std::shared_ptr<Task> start(PluginThread& thread, std::string_view what, std::function<void()> body);
  void map();
  Removal unmap(PluginThread& closer);
  bool end_threads();
  bool threads_gone() const;
  Removal left_behind(std::string reason);

  Timeouts timeouts_;
  Custody custody_;
  Footprint before_ = Footprint::now();
  LooseEnds loose_ends_;
  Footprint left_;
  std::shared_ptr<Conduct> conduct_ = std::make_shared<Conduct>();
  std::atomic<bool> posted_{false};
  std::shared_ptr<const SealedImage> image_;
  PluginFacts facts_;
  std::string id_;
  std::string thread_name_;
  std::shared_ptr<ThreadFamily> family_ = std::make_shared<ThreadFamily>();
  std::shared_ptr<HostTable> host_;
  std::unique_ptr<PluginLibrary> library_;
  PluginTable table_;
  std::unique_ptr<PluginThread> thread_;
  std::mutex workers_mutex_;
  std::vector<std::unique_ptr<PluginThread>> idle_workers_;
  bool closed_ = false;
};

}  // namespace lateral::plugin
