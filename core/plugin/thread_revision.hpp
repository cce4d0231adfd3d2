#pragma once
// A revision whose code runs on threads of the host.

#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/plugin/encode_job.hpp"
#include "core/plugin/initialised_plugin.hpp"
#include "core/plugin/leases.hpp"
#include "core/plugin/loaded_plugin.hpp"
#include "core/plugin/revision.hpp"

namespace lateral::plugin {

class ThreadRevision final : public Revision, public std::enable_shared_from_this<ThreadRevision> {
 public:
  /// Throws as LoadedPlugin::open and InitialisedPlugin. REQUIRES: options.timeouts and options.id.
  static std::shared_ptr<ThreadRevision> open(VerifiedPlugin plugin, LoadOptions options);
  ~ThreadRevision() override;

  const std::string& id() const noexcept override { return loaded_->id(); }
  Isolation isolation() const noexcept override { return Isolation::Thread; }
  std::string isolation_note() const override { return std::string(note_of(Isolation::Thread)); }
  State state() const override { return loaded_->custody().state(); }
  std::string reason() const override { return loaded_->custody().reason(); }
  const PluginFacts& facts() const noexcept override { return loaded_->facts(); }
  const std::vector<EncoderSpec>& encoders() const noexcept override { return encoders_; }

  std::unique_ptr<Encoder> make_encoder(std::string_view name, OptionMap options) override;
  UnloadReport close(std::chrono::milliseconds patience) override;

 private:
  class Instance;
  explicit ThreadRevision(std::shared_ptr<LoadedPlugin> loaded, OptionMap options);

  Tokens encode(const EncoderSpec& spec, std::uint64_t handle, std::span<const Input> inputs,
                const EncodeOptions& options);
  void await(PluginThread& thread, Task& task, const std::shared_ptr<EncodeJob>& job, std::uint64_t handle,
             const EncodeOptions& options);
  void hint_cancel(std::uint64_t handle, std::uint64_t request);
  void destroy(std::uint64_t handle) noexcept;
  bool drain(std::chrono::milliseconds patience);
  UnloadReport finish();

  std::shared_ptr<LoadedPlugin> loaded_;
  std::unique_ptr<InitialisedPlugin> initialised_;
  std::vector<EncoderSpec> encoders_;
  Leases leases_;

  std::mutex running_mutex_;
  std::set<std::shared_ptr<EncodeJob>> running_;

  std::mutex close_mutex_;
  std::optional<UnloadReport> report_;
};

}  // namespace lateral::plugin
