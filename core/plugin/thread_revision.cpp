#include "core/plugin/thread_revision.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/base/elapsed.hpp"
#include "core/base/error.hpp"
#include "core/base/log.hpp"

namespace lateral::plugin {
namespace {

/// How often a waiting caller looks at its cancel token; a finished encode wakes it at once.
constexpr std::chrono::milliseconds kLook{2};

std::uint64_t nanoseconds(Clock::time_point time) {
  return static_cast<std::uint64_t>(std::chrono::nanoseconds(time.time_since_epoch()).count());
}

}  // namespace

/// One handle of the plugin.
class ThreadRevision::Instance final : public Encoder {
 public:
  Instance(std::shared_ptr<ThreadRevision> revision, EncoderSpec spec, std::uint64_t handle)
      : revision_(std::move(revision)), spec_(std::move(spec)), handle_(handle) {}
  ~Instance() override { revision_->destroy(handle_); }

  const EncoderSpec& spec() const noexcept override { return spec_; }
  Tokens encode(std::span<const Input> inputs, const EncodeOptions& options) override {
    return revision_->encode(spec_, handle_, inputs, options);
  }

 private:
  std::shared_ptr<ThreadRevision> revision_;
  EncoderSpec spec_;
  std::uint64_t handle_;
};

std::shared_ptr<ThreadRevision> ThreadRevision::open(VerifiedPlugin plugin, LoadOptions options) {
  auto loaded = LoadedPlugin::open(std::move(plugin), options.id, *options.timeouts);
  return std::shared_ptr<ThreadRevision>(new ThreadRevision(std::move(loaded), std::move(options.options)));
}

ThreadRevision::ThreadRevision(std::shared_ptr<LoadedPlugin> loaded, OptionMap options)
    : loaded_(std::move(loaded)),
      initialised_(std::make_unique<InitialisedPlugin>(loaded_, std::move(options))),
      leases_(loaded_->id()) {
  encoders_ = initialised_->encoders();
  loaded_->custody().enter(State::Initialised);
  loaded_->custody().enter(State::Active);
}

ThreadRevision::~ThreadRevision() {
  close(std::chrono::milliseconds(0));
}

std::unique_ptr<Encoder> ThreadRevision::make_encoder(std::string_view name, OptionMap options) {
  const std::uint32_t index = index_of(name);
  const Leases::Lease lease(leases_);
  const std::uint64_t handle = initialised_->create(index, std::move(options));
  return std::make_unique<Instance>(shared_from_this(), encoders_[index], handle);
}

void ThreadRevision::destroy(std::uint64_t handle) noexcept {
  try {
    const Leases::Lease lease(leases_);
    initialised_->destroy(handle);
  } catch (const std::exception& error) {
    // Unloading destroys all handles itself; anything else is worth a line.
    if (state() == State::Active) log::warn("plugin", id(), ": ", error.what());
  }
}

Tokens ThreadRevision::encode(const EncoderSpec& spec, std::uint64_t handle, std::span<const Input> inputs,
                              const EncodeOptions& options) {
  const Leases::Lease lease(leases_);
  const auto job = std::make_shared<EncodeJob>(spec, inputs, nanoseconds(Clock::now() + options.timeout));
  auto worker = spec.reentrant ? loaded_->borrow_worker() : nullptr;
  PluginThread& thread = worker ? *worker : loaded_->thread();
  {
    const std::lock_guard lock(running_mutex_);
    running_.insert(job);  // before it can run, so that drain() finds it
  }
  std::exception_ptr error;
  try {
    const auto task = loaded_->post(
        thread, "encode", [plugin = loaded_, job, handle] { job->run(plugin->functions(), handle); });
    await(thread, *task, job, handle, options);
  } catch (...) {
    error = std::current_exception();
  }
  {
    const std::lock_guard lock(running_mutex_);
    running_.erase(job);
  }
  if (worker) loaded_->return_worker(std::move(worker));
  if (error && job->overran()) loaded_->quarantine("it wrote past the end of a tensor");
  if (error) std::rethrow_exception(error);
  return job->take();
}

void ThreadRevision::await(PluginThread& thread, Task& task, const std::shared_ptr<EncodeJob>& job,
                           std::uint64_t handle, const EncodeOptions& options) {
  const auto until = Clock::now() + options.timeout;
  const auto cancelled = [&] { return job->cancelled() || (options.cancel && options.cancel->cancelled()); };
  bool done = false;
  while (!done && !cancelled() && Clock::now() < until)
    done = task.wait_until(std::min(until, Clock::now() + kLook));
  if (done) return task.rethrow();

  const Errc code = cancelled() ? Errc::Cancelled : Errc::DeadlineExceeded;
  const std::string_view why = code == Errc::Cancelled ? "encode was cancelled" : "encode took too long";
  if (task.withdraw()) fail(code, id(), why, " before it began");
  job->cancel();
  hint_cancel(handle, job->request());
  if (!task.wait_until(Clock::now() + loaded_->timeouts().grace)) {
    loaded_->give_up(thread, "encode");
    fail(code, id(), why, " and did not stop; the plugin is quarantined");
  }
  fail(code, id(), why);
}

void ThreadRevision::hint_cancel(std::uint64_t handle, std::uint64_t request) {
  if (loaded_->functions().cancel == nullptr) return;
  try {
    // On a thread of its own: cancel must not block, but who knows.
    PluginThread thread("cancel", loaded_->family());
    const auto task = loaded_->post(thread, "cancel", [plugin = loaded_, handle, request] {
      plugin->functions().cancel(handle, request);
    });
    if (!task->wait_until(Clock::now() + loaded_->timeouts().grace) && !task->withdraw()) {
      loaded_->give_up(thread, "cancel");
    }
  } catch (const std::exception& error) {
    // No thread could be started, say. The encode still runs: whoever called must go on waiting for it.
    log::debug("plugin", id(), ": cancel: ", error.what());
  }
}

bool ThreadRevision::drain(std::chrono::milliseconds patience) {
  leases_.refuse();
  if (leases_.wait_for_none(patience)) return true;
  {
    const std::lock_guard lock(running_mutex_);
    for (const auto& job : running_) job->cancel();
  }
  // Each waiting caller now gives its encode the grace time and then quarantines; both leave.
  return leases_.wait_for_none(4 * loaded_->timeouts().grace + loaded_->timeouts().call);
}

UnloadReport ThreadRevision::finish() {
  UnloadReport report;
  report.complaint = initialised_->shutdown();
  if (!loaded_->custody().quarantined()) {
    loaded_->custody().enter(State::Stopped);
    loaded_->close();
  }
  report.state = state();
  report.reason = reason();
  report.conduct = loaded_->conduct();
  report.left = loaded_->left();
  return report;
}

UnloadReport ThreadRevision::close(std::chrono::milliseconds patience) {
  const std::lock_guard only(close_mutex_);
  if (report_) return *report_;
  const auto start = Clock::now();
  loaded_->custody().enter(State::Draining);
  if (!drain(patience)) loaded_->quarantine("a call into it did not return");
  report_ = finish();
  report_->milliseconds = ms_since(start);
  return *report_;
}

}  // namespace lateral::plugin
