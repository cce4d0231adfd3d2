#pragma once
// One loaded copy of a plugin from file to proof that it is gone, and the encoders it lends out. Where its
// code runs, in a thread or in a worker process, is the business of the classes behind these interfaces.

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/plugin/encoder_spec.hpp"
#include "core/plugin/load_options.hpp"
#include "core/plugin/sample.hpp"
#include "core/plugin/state.hpp"
#include "core/plugin/verified_plugin.hpp"

namespace lateral::plugin {

/// Where a plugin runs when nobody says: in a thread if its library came with the program, else in a worker process.
Isolation default_isolation(const PluginFacts& facts);

struct EncodeOptions {
  std::chrono::milliseconds timeout{10'000};
  std::optional<CancelToken> cancel;
};

/// One instance of an encoder. It may outlive its plugin: encode() then throws FailedPrecondition.
/// Thread safety: encode may be called from any thread; calls wait for each other unless the encoder
/// is reentrant.
class Encoder {
 public:
  virtual ~Encoder() = default;
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  virtual const EncoderSpec& spec() const noexcept = 0;

  /// One sample into tokens. The inputs are copied first, so they need not outlive the call, even when it
  /// times out. Throws InvalidArgument or NotFound (inputs), Cancelled, DeadlineExceeded (and the plugin is
  /// quarantined or restarted if it does not stop when asked), FailedPrecondition (unloaded, quarantined),
  /// PluginFault (also for a worker that died), or what the plugin reported.
  virtual Tokens encode(std::span<const Input> inputs, const EncodeOptions& options = {}) = 0;

 protected:
  Encoder() = default;
};

/// Thread safety: all members may be called from any thread.
class Revision {
 public:
  /// Everything up to "active". `timeouts` are used where `options` have none, the library's id where they have no id.
  /// Throws Unsupported or AbiMismatch (cannot be loaded in this isolation), PluginFault, DeadlineExceeded, or what the
  /// plugin's init reported; whatever was begun is undone then.
  static std::shared_ptr<Revision> open(VerifiedPlugin plugin, LoadOptions options,
                                        const Timeouts& timeouts = {});
  virtual ~Revision() = default;
  Revision(const Revision&) = delete;
  Revision& operator=(const Revision&) = delete;

  /// What it is called here: in slots, messages, logs. The library's own id is facts().library_id.
  virtual const std::string& id() const noexcept = 0;
  virtual Isolation isolation() const noexcept = 0;
  /// What it means, for people: who is hurt by a crash, what a sandbox lacks.
  virtual std::string isolation_note() const = 0;
  virtual State state() const = 0;
  /// Why it is in this state; may be empty.
  virtual std::string reason() const = 0;
  virtual const PluginFacts& facts() const noexcept = 0;
  virtual const std::vector<EncoderSpec>& encoders() const noexcept = 0;

  /// A new instance of the named encoder; "" names the first. Throws NotFound listing those that exist.
  virtual std::unique_ptr<Encoder> make_encoder(std::string_view name, OptionMap options) = 0;

  /// Refuses new encodes, waits up to `patience` for running ones (then cancels them, then quarantines),
  /// destroys, shuts down, and proves that nothing is left. A second call returns the first one's report.
  virtual UnloadReport close(std::chrono::milliseconds patience) = 0;

 protected:
  Revision() = default;
  /// The index of the named encoder; "" = 0. Throws NotFound listing those that exist.
  std::uint32_t index_of(std::string_view name) const;
};

}  // namespace lateral::plugin
