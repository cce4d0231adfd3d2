// The thread of a WorkerRevision that notices its worker's end and starts another one.
#include <algorithm>
#include <chrono>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/plugin/worker/worker_revision.hpp"

namespace lateral::plugin::worker {
namespace {

constexpr std::chrono::milliseconds kLongestPause{30'000};
/// A worker that lived so long had no part in earlier failures.
constexpr std::chrono::minutes kStable{1};

std::chrono::milliseconds pause_before(unsigned restart, std::chrono::milliseconds first) {
  return std::min(kLongestPause, first * (1U << std::min(restart - 1, 20U)));
}

}  // namespace

void WorkerRevision::keep() {
  while (true) {
    std::shared_ptr<Client> worker;
    {
      const std::lock_guard lock(mutex_);
      worker = client_;
    }
    if (!worker) return;  // closed
    const auto started = Clock::now();
    worker->wait_until_gone();
    auto fault = worker->fault();
    worker.reset();
    if (!restart(std::move(fault), started)) return;
  }
}

bool WorkerRevision::restart(std::string fault, Clock::time_point started) {
  const auto& policy = options_.worker;
  if (Clock::now() - started > kStable) restarts_ = 0;
  while (true) {
    const bool again = policy.restart == Restart::OnFailure && restarts_ < policy.max_restarts;
    const auto time = again ? pause_before(++restarts_, policy.restart_delay) : std::chrono::milliseconds(0);
    const std::string text = "its worker " + fault;
    std::shared_ptr<Client> dead;
    {
      const std::lock_guard lock(mutex_);
      if (closing_) return false;
      dead = std::exchange(client_, nullptr);
      custody_.enter(again ? State::Restarting : State::Quarantined, text);
    }
    changed_.notify_all();
    dead.reset();
    log::error("plugin", id(), ": ", text,
               again ? "; restarting it in " + std::to_string(time.count()) + " ms"
                     : "; quarantined, it will not be called again");
    if (!again || !pause(time)) return false;
    try {
      return start_again();
    } catch (const std::exception& error) {
      fault = std::string("did not start again: ") + error.what();
    }
  }
}

bool WorkerRevision::start_again() {
  const auto fresh = std::make_shared<Client>(plugin_, options_);
  if (fresh->encoders() != encoders_) fail(Errc::PluginFault, id(), "declares other encoders than before");
  // Without a worker no handle is made, but some may end meanwhile; those keep theirs until this worker ends.
  std::map<std::uint64_t, Living> living;
  {
    const std::lock_guard lock(mutex_);
    living = living_;
  }
  for (auto& [number, instance] : living) instance.handle = fresh->create(instance.encoder, instance.options);
  {
    const std::lock_guard lock(mutex_);
    if (closing_) return false;
    for (auto& [number, instance] : living_) instance.handle = living.at(number).handle;
    client_ = fresh;
    custody_.enter(State::Active);
  }
  log::info("plugin", id(), ": restarted");
  return true;
}

bool WorkerRevision::pause(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, time, [this] { return closing_; });
}

}  // namespace lateral::plugin::worker
