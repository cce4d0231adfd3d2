#pragma once
// The plugin under test, taken through its life one step at a time, in a child process.

#include <lateral/plugin.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/conformance/host_stub.hpp"
#include "core/conformance/probe.hpp"
#include "core/plugin/encoder_spec.hpp"
#include "core/plugin/inspection.hpp"
#include "core/plugin/negotiation.hpp"
#include "core/plugin/options.hpp"
#include "core/plugin/plugin_library.hpp"

namespace lateral::conformance {

/// What a call returned.
struct Answer {
  std::int32_t status = LAT_OK;
  std::string text;
  bool ok() const noexcept { return status == LAT_OK; }
  /// "status 3: unknown option" for messages.
  std::string described() const;
};

/// One mapped copy. Every call names its phase on the board, and an exception that comes out of one is a Breach.
/// Call everything from one thread, which must have ended before close().
class Subject {
 public:
  explicit Subject(Probe& probe, HostAge age = {});

  /// Maps the library and negotiates. Throws Breach.
  void open();
  Answer init(const plugin::OptionMap& options);
  /// init with the options of the command line; throws Breach unless it returns LAT_OK.
  void init();
  const std::vector<plugin::EncoderSpec>& describe();
  std::uint64_t create(std::uint32_t index);
  Answer destroy(std::uint64_t handle);
  Answer shutdown();
  /// Everything up to and without create.
  void start();

  /// Unmaps it, with proof. REQUIRES: the thread that called the plugin has ended.
  plugin::Removal close();

  const lat_plugin& functions() const noexcept { return table_.functions; }
  const plugin::PluginTable& table() const noexcept { return table_; }
  lat_entry entry() const noexcept { return library_->entry(); }
  HostStub& host() noexcept { return host_; }
  Probe& probe() const noexcept { return probe_; }
  const lat_note_desc& note() const noexcept { return note_; }
  /// Of the file, without running it.
  const plugin::PluginFacts& facts() const noexcept { return facts_; }
  /// As describe() read them.
  const std::vector<plugin::EncoderSpec>& specs() const noexcept { return specs_; }

  /// Runs `body`, which calls the plugin, as the phase `what`. Throws Breach for an exception.
  void call(std::string_view what, const std::function<void()>& body);
  /// The same for functions that return a status and write a text.
  Answer ask(std::string_view what, const std::function<std::int32_t(lat_err*)>& body);

  /// The first change of the floating-point mode of a calling thread: "encode", empty = none.
  const std::string& float_mode_changed_by() const noexcept { return float_mode_changed_by_; }

 private:
  Probe& probe_;
  HostStub host_;
  plugin::PluginFacts facts_;
  std::shared_ptr<const plugin::SealedImage> image_;
  lat_note_desc note_{};
  std::unique_ptr<plugin::PluginLibrary> library_;
  plugin::PluginTable table_;
  std::vector<plugin::EncoderSpec> specs_;
  std::string float_mode_changed_by_;
};

/// Threads of this process.
std::size_t thread_count();

/// Runs `body` on a fresh thread that can tell a stack overflow, and joins it. Throws what it threw.
void on_plugin_thread(const std::function<void()>& body);

/// open, init, describe and `body` on a plugin thread; the process then ends without shutdown.
void with_started(Probe& probe, const std::function<void(Subject&)>& body);

}  // namespace lateral::conformance
