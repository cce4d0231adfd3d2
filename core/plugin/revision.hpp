#pragma once
// One loaded copy of a plugin from file to proof of unmapping, and the encoders it lends out.

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/plugin/encode_job.hpp"
#include "core/plugin/initialised_plugin.hpp"
#include "core/plugin/loaded_plugin.hpp"
#include "core/plugin/state.hpp"

namespace lateral::plugin {

struct EncodeOptions {
  std::chrono::milliseconds timeout{10'000};
  std::optional<CancelToken> cancel;
};

class Revision;

/// One instance of an encoder. It may outlive its plugin: encode() then throws FailedPrecondition.
/// Thread safety: encode may be called from any thread; calls wait for each other unless the encoder
/// is reentrant.
class Encoder {
 public:
  ~Encoder();
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  const EncoderSpec& spec() const noexcept { return spec_; }

  /// One sample into tokens. The inputs are copied first, so they need not outlive the call, even when it
  /// times out. Throws InvalidArgument or NotFound (inputs), Cancelled, DeadlineExceeded (and the plugin is
  /// quarantined if it does not stop when asked), FailedPrecondition (unloaded, quarantined), PluginFault, or
  /// what the plugin reported.
  Tokens encode(std::span<const Input> inputs, const EncodeOptions& options = {});

 private:
  friend class Revision;
  Encoder(std::shared_ptr<Revision> revision, EncoderSpec spec, std::uint64_t handle);

  std::shared_ptr<Revision> revision_;
  EncoderSpec spec_;
  std::uint64_t handle_;
};

/// Thread safety: all members may be called from any thread.
class Revision : public std::enable_shared_from_this<Revision> {
 public:
  /// Everything up to "active".
  /// Throws as LoadedPlugin::open and InitialisedPlugin; whatever was begun is undone.
  static std::shared_ptr<Revision> open(const std::filesystem::path& file, OptionMap options,
                                        const Timeouts& timeouts);
  ~Revision();

  State state() const { return loaded_->custody().state(); }
  std::string reason() const { return loaded_->custody().reason(); }
  const PluginFacts& facts() const noexcept { return loaded_->facts(); }
  const std::vector<EncoderSpec>& encoders() const noexcept { return encoders_; }

  /// A new instance of the named encoder; "" names the first. Throws NotFound listing those that exist.
  std::unique_ptr<Encoder> make_encoder(std::string_view name, OptionMap options);

  /// Refuses new encodes, waits up to `patience` for running ones (then cancels them, then quarantines),
  /// destroys, shuts down, unmaps and proves it. A second call returns the first one's report.
  UnloadReport close(std::chrono::milliseconds patience);

 private:
  friend class Encoder;
  explicit Revision(std::shared_ptr<LoadedPlugin> loaded, OptionMap options);

  /// Holds the revision for one call into it; refused once it drains.
  class Lease {
   public:
    explicit Lease(Revision& revision);
    ~Lease();
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

   private:
    Revision& revision_;
  };

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

  std::mutex mutex_;
  std::condition_variable idle_;
  unsigned leases_ = 0;
  bool draining_ = false;
  std::set<std::shared_ptr<EncodeJob>> running_;

  std::mutex close_mutex_;
  std::optional<UnloadReport> report_;
};

}  // namespace lateral::plugin
