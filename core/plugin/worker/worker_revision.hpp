#pragma once
// A revision whose code runs in a worker process, which may die and be started again.

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/plugin/leases.hpp"
#include "core/plugin/revision.hpp"
#include "core/plugin/worker/client.hpp"

namespace lateral::plugin::worker {

class WorkerRevision final : public Revision, public std::enable_shared_from_this<WorkerRevision> {
 public:
  /// Throws as Client. REQUIRES: options.timeouts and options.id.
  static std::shared_ptr<WorkerRevision> open(VerifiedPlugin plugin, LoadOptions options);
  ~WorkerRevision() override;

  const std::string& id() const noexcept override { return options_.id; }
  Isolation isolation() const noexcept override { return Isolation::Process; }
  std::string isolation_note() const override;
  State state() const override { return custody_.state(); }
  std::string reason() const override { return custody_.reason(); }
  const PluginFacts& facts() const noexcept override { return plugin_.facts; }
  const std::vector<EncoderSpec>& encoders() const noexcept override { return encoders_; }

  std::unique_ptr<Encoder> make_encoder(std::string_view name, OptionMap options) override;
  UnloadReport close(std::chrono::milliseconds patience) override;

 private:
  class Instance;
  /// What a restart has to create again.
  struct Living {
    std::uint32_t encoder = 0;
    OptionMap options;
    std::uint64_t handle = 0;  ///< in the present worker
  };

  WorkerRevision(VerifiedPlugin plugin, LoadOptions options, std::shared_ptr<Client> client);

  Tokens encode(std::uint64_t instance, std::span<const Input> inputs, const EncodeOptions& options);
  void destroy(std::uint64_t instance) noexcept;
  /// The present worker. Throws FailedPrecondition saying why there is none. REQUIRES: mutex_ is held.
  std::shared_ptr<Client> client() const;
  void wait_until_noted(const std::shared_ptr<Client>& dead);

  // The keeper's thread.
  void keep();
  bool restart(std::string fault, Clock::time_point started);
  bool start_again();
  bool pause(std::chrono::milliseconds time);

  VerifiedPlugin plugin_;
  LoadOptions options_;
  std::vector<EncoderSpec> encoders_;
  std::vector<std::string> lacks_;
  Custody custody_;
  Leases leases_;
  std::atomic<bool> stop_{false};

  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<Client> client_;  ///< null while there is none
  std::map<std::uint64_t, Living> living_;
  std::uint64_t next_instance_ = 0;
  unsigned restarts_ = 0;  ///< in a row
  bool closing_ = false;

  std::mutex close_mutex_;
  std::optional<UnloadReport> report_;
  std::thread keeper_;
};

}  // namespace lateral::plugin::worker
