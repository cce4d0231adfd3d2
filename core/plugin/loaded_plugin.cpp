#include "core/plugin/loaded_plugin.hpp"

#include <atomic>
#include <chrono>
#include <exception>
#include <thread>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/plugin/census.hpp"

namespace lateral::plugin {
namespace {

/// What can never be freed, because code of it may still run or is still mapped. Kept reachable on purpose.
template <typename T>
void bury(std::shared_ptr<T> thing) {
  static std::mutex mutex;
  static auto* const graveyard = new std::vector<std::shared_ptr<T>>;
  const std::lock_guard lock(mutex);
  graveyard->push_back(std::move(thing));
}

/// Unique in the process and short enough for the kernel, so that a plugin's threads, which inherit it, can
/// be counted.
std::string new_thread_name(const std::string& id) {
  static std::atomic<unsigned> count{0};
  return ("p" + std::to_string(++count) + "." + id).substr(0, 15);
}

/// An exception whose type lives in the plugin must not outlive the call: it is turned into ours where it
/// was caught.
std::function<void()> contained(std::string what, std::function<void()> body) {
  return [what = std::move(what), body = std::move(body)] {
    try {
      body();
    } catch (const Error&) {
      throw;
    } catch (const std::exception& error) {
      fail(Errc::PluginFault, what, "an exception crossed the plugin's border: ", error.what());
    } catch (...) {
      fail(Errc::PluginFault, what, "an unknown exception crossed the plugin's border");
    }
  };
}

constexpr std::chrono::milliseconds kThreadExit{2000};  // a busy machine lets the dying wait, too

/// What the file said beforehand about a library that did not go.
std::string explained(const std::string& witness, const PluginFacts& facts) {
  if (facts.pins.empty()) return witness + ", perhaps for a thread-local destructor that has not run";
  std::string reasons;
  for (const auto& pin : facts.pins) reasons += (reasons.empty() ? "" : ", ") + pin;
  return witness + ": it " + reasons;
}

}  // namespace

LoadedPlugin::LoadedPlugin(VerifiedPlugin plugin, std::string id, const Timeouts& timeouts)
    : timeouts_(timeouts),
      image_(std::move(plugin.image)),
      facts_(std::move(plugin.facts)),
      id_(std::move(id)) {
  require_loadable(facts_, Isolation::Thread);
  custody_.enter(State::Verified);
  thread_name_ = new_thread_name(id_);
  host_ = std::make_shared<HostTable>(id_, facts_.file.parent_path(), thread_name_, &log::write, family_);
  thread_ = std::make_unique<PluginThread>(thread_name_, family_);
}

std::shared_ptr<LoadedPlugin> LoadedPlugin::open(VerifiedPlugin verified, std::string id,
                                                 const Timeouts& timeouts) {
  const std::shared_ptr<LoadedPlugin> plugin(new LoadedPlugin(std::move(verified), std::move(id), timeouts));
  plugin->run("loading " + plugin->facts_.file.string(), timeouts.load, [plugin] { plugin->map(); });
  plugin->custody_.enter(State::Loaded);
  return plugin;
}

LoadedPlugin::~LoadedPlugin() {
  close();
}

void LoadedPlugin::map() {
  const auto note = read_elf(image_->bytes()).note;
  library_ = std::make_unique<PluginLibrary>(image_);
  table_ = negotiate(library_->entry()(host_->table()), *note);
}

// An exception of another language has no std::exception_ptr, so it must become ours before it is kept.
std::function<void()> LoadedPlugin::watched(std::string_view what, std::function<void()> body) const {
  return [what = std::string(what), body = contained(std::string(what), std::move(body)), id = id_,
          conduct = conduct_] {
    const Census census;
    std::exception_ptr error;
    try {
      body();
    } catch (...) {
      error = std::current_exception();
    }
    for (const auto& change : census.restore()) {
      log::warn("plugin", id, ": ", what, " changed ", change);
      conduct->note(what + " changed " + change);
    }
    if (error) std::rethrow_exception(error);
  };
}

std::shared_ptr<Task> LoadedPlugin::start(PluginThread& thread, std::string_view what,
                                          std::function<void()> body) {
  if (custody_.quarantined()) fail(Errc::FailedPrecondition, id_, "is quarantined: ", custody_.reason());
  return thread.post(contained(std::string(what), std::move(body)));
}

// The first one is an encode; of the others only the floating-point mode is looked at, which each thread does.
std::shared_ptr<Task> LoadedPlugin::post(PluginThread& thread, std::string_view what,
                                         std::function<void()> body) {
  const bool first = !posted_.exchange(true);
  return start(thread, what, first ? watched(what, std::move(body)) : std::move(body));
}

void LoadedPlugin::run(std::string_view what, std::chrono::milliseconds timeout, std::function<void()> body) {
  const auto task = start(*thread_, what, watched(what, std::move(body)));
  if (!task->wait_until(Clock::now() + timeout)) {
    if (task->withdraw()) {
      fail(Errc::DeadlineExceeded, id_, what, " waited ", timeout.count(), " ms for another call");
    }
    give_up(*thread_, what);
    fail(Errc::DeadlineExceeded, id_, what, " did not return within ", timeout.count(),
         " ms; the plugin is quarantined");
  }
  task->rethrow();
}

std::unique_ptr<PluginThread> LoadedPlugin::borrow_worker() {
  {
    const std::lock_guard lock(workers_mutex_);
    if (!idle_workers_.empty()) {
      auto worker = std::move(idle_workers_.back());
      idle_workers_.pop_back();
      return worker;
    }
  }
  return std::make_unique<PluginThread>(thread_name_, family_);
}

void LoadedPlugin::return_worker(std::unique_ptr<PluginThread> worker) {
  const std::lock_guard lock(workers_mutex_);
  if (!worker->abandoned()) idle_workers_.push_back(std::move(worker));
}

void LoadedPlugin::give_up(PluginThread& thread, std::string_view what) {
  thread.abandon();
  quarantine(std::string(what) + " did not return");
}

void LoadedPlugin::quarantine(std::string reason) {
  log::error("plugin", id_, ": ", reason, "; quarantined, it will not be called again");
  custody_.enter(State::Quarantined, std::move(reason));
  bury(shared_from_this());
}

Removal LoadedPlugin::close() {
  if (custody_.quarantined()) return {false, custody_.reason()};
  if (closed_) return {custody_.state() == State::Unmapped, custody_.reason()};
  Removal removal;
  {
    PluginThread closer("unload");  // first: when none can be started, all is as it was
    closed_ = true;
    removal = unmap(closer);
  }
  host_.reset();
  left_ = Footprint::now() - before_;
  if (!removal.unmapped) bury(image_);
  image_.reset();
  custody_.enter(removal.unmapped ? State::Unmapped : State::Retired, removal.reason);
  return removal;
}

/// Ours, on which its thread-local destructors run now.
bool LoadedPlugin::end_threads() {
  const auto until = Clock::now() + timeouts_.call;
  bool all = thread_->end(until);
  for (const auto& worker : idle_workers_) all = worker->end(until) && all;
  return host_->end_threads(until) && all;
}

/// Its own: by descent, and by name those that the C library starts for it (timers).
bool LoadedPlugin::threads_gone() const {
  // A joined thread stays visible for a moment after it is joined.
  const auto until = Clock::now() + kThreadExit;
  while (family_->living() > 0 || PluginThread::count_named(thread_name_) > 0) {
    if (Clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  return true;
}

/// Code of it may still run, and call the host: what it may touch stays.
Removal LoadedPlugin::left_behind(std::string reason) {
  if (library_ != nullptr) bury(std::shared_ptr<void>(std::shared_ptr<PluginLibrary>(std::move(library_))));
  bury(std::shared_ptr<void>(host_));
  bury(std::shared_ptr<void>(family_));
  return {false, std::move(reason)};
}

Removal LoadedPlugin::unmap(PluginThread& closer) {
  if (!end_threads()) return left_behind("its thread-local destructors do not return");
  if (library_ == nullptr) return {true, {}};
  if (!threads_gone()) return left_behind("it left threads of its own running");
  for (const auto& end : loose_ends_.tie_up(library_->range())) {
    log::warn("plugin", id_, ": left ", end);
    conduct_->note("left " + end);
  }
  // Static destructors are plugin code too: a thread of their own, so that a hang is theirs.
  auto removal = std::make_shared<Removal>();
  auto library = std::shared_ptr<PluginLibrary>(std::move(library_));
  const auto task = closer.post(
      contained("unloading", watched("unloading", [library, removal] { *removal = library->close(); })));
  if (!task->wait_until(Clock::now() + timeouts_.call)) {
    closer.abandon();
    bury(std::shared_ptr<void>(library));
    return left_behind("its static destructors do not return");
  }
  task->rethrow();
  if (!removal->unmapped) removal->reason = explained(removal->reason, facts_);
  return *removal;
}

}  // namespace lateral::plugin
