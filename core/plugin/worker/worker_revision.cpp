#include "core/plugin/worker/worker_revision.hpp"

#include <chrono>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/log.hpp"

namespace lateral::plugin::worker {

/// One handle of the plugin, under whatever number the present worker knows it.
class WorkerRevision::Instance final : public Encoder {
 public:
  Instance(std::shared_ptr<WorkerRevision> revision, const EncoderSpec& spec, std::uint64_t number)
      : revision_(std::move(revision)), spec_(spec), number_(number) {}
  ~Instance() override { revision_->destroy(number_); }

  const EncoderSpec& spec() const noexcept override { return spec_; }
  Tokens encode(std::span<const Input> inputs, const EncodeOptions& options) override {
    return revision_->encode(number_, inputs, options);
  }

 private:
  std::shared_ptr<WorkerRevision> revision_;
  EncoderSpec spec_;
  std::uint64_t number_;
};

std::shared_ptr<WorkerRevision> WorkerRevision::open(VerifiedPlugin plugin, LoadOptions options) {
  require_loadable(plugin.facts, Isolation::Process);
  auto client = std::make_shared<Client>(plugin, options);
  return std::shared_ptr<WorkerRevision>(
      new WorkerRevision(std::move(plugin), std::move(options), std::move(client)));
}

WorkerRevision::WorkerRevision(VerifiedPlugin plugin, LoadOptions options, std::shared_ptr<Client> client)
    : plugin_(std::move(plugin)),
      options_(std::move(options)),
      encoders_(client->encoders()),
      lacks_(client->lacks()),
      leases_(options_.id),
      client_(std::move(client)) {
  custody_.enter(State::Active);
  keeper_ = std::thread([this] { keep(); });
}

WorkerRevision::~WorkerRevision() {
  close(std::chrono::milliseconds(0));
}

std::string WorkerRevision::isolation_note() const {
  std::string note(note_of(Isolation::Process));
  if (options_.worker.sandbox) note += "; in a sandbox";
  for (const auto& lack : lacks_) note += "; this kernel lacks " + lack;
  return note;
}

std::shared_ptr<Client> WorkerRevision::client() const {
  if (client_) return client_;
  fail(Errc::FailedPrecondition, id(),
       custody_.quarantined() ? "is quarantined: " : "has no worker now: ", custody_.reason());
}

std::unique_ptr<Encoder> WorkerRevision::make_encoder(std::string_view name, OptionMap options) {
  const std::uint32_t encoder = index_of(name);
  const Leases::Lease lease(leases_);
  std::shared_ptr<Client> worker;
  {
    const std::lock_guard lock(mutex_);
    worker = client();
  }
  Living living{encoder, std::move(options), 0};
  try {
    living.handle = worker->create(encoder, living.options);
  } catch (...) {
    if (worker->gone()) wait_until_noted(worker);
    throw;
  }
  const std::lock_guard lock(mutex_);
  if (client_ != worker) fail(Errc::PluginFault, id(), "its worker ended meanwhile");
  living_.emplace(++next_instance_, std::move(living));
  return std::make_unique<Instance>(shared_from_this(), encoders_[encoder], next_instance_);
}

void WorkerRevision::destroy(std::uint64_t instance) noexcept {
  try {
    const Leases::Lease lease(leases_);
    std::shared_ptr<Client> worker;
    std::uint64_t handle = 0;
    {
      const std::lock_guard lock(mutex_);
      worker = client_;
      const auto found = living_.find(instance);
      if (found == living_.end()) return;
      handle = found->second.handle;
      living_.erase(found);
    }
    if (worker) worker->destroy(handle);
  } catch (const std::exception& error) {
    // Unloading destroys all handles itself; anything else is worth a line.
    if (state() == State::Active) log::warn("plugin", id(), ": ", error.what());
  }
}

Tokens WorkerRevision::encode(std::uint64_t instance, std::span<const Input> inputs,
                              const EncodeOptions& options) {
  const Leases::Lease lease(leases_);
  std::shared_ptr<Client> worker;
  std::uint32_t encoder = 0;
  std::uint64_t handle = 0;
  {
    const std::lock_guard lock(mutex_);
    worker = client();
    const Living& living = living_.at(instance);
    encoder = living.encoder;
    handle = living.handle;
  }
  try {
    return worker->encode(encoder, handle, inputs, options, stop_);
  } catch (...) {
    if (worker->gone()) wait_until_noted(worker);
    throw;
  }
}

void WorkerRevision::wait_until_noted(const std::shared_ptr<Client>& dead) {
  // So that whoever saw the error also sees the state that followed from it.
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return client_ != dead; });
}

UnloadReport WorkerRevision::close(std::chrono::milliseconds patience) {
  const std::lock_guard only(close_mutex_);
  if (report_) return *report_;
  const auto start = Clock::now();
  custody_.enter(State::Draining, custody_.reason());
  leases_.refuse();
  if (!leases_.wait_for_none(patience)) {
    stop_ =
        true;  // each waiting caller now gives its encode the grace time, then kills the worker; both leave
    leases_.wait_for_none(4 * options_.timeouts->grace + options_.timeouts->init);
  }
  std::shared_ptr<Client> worker;
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    worker = std::exchange(client_, nullptr);
  }
  changed_.notify_all();
  UnloadReport report;
  if (worker) {
    report.complaint = worker->shut_down();
    worker->end();
    worker.reset();
  }
  keeper_.join();
  // The proof: the process was reaped, and the memory shared with it is unmapped.
  report.state = State::Unmapped;
  custody_.enter(State::Unmapped);
  report.milliseconds = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  report_ = report;
  return report;
}

}  // namespace lateral::plugin::worker
