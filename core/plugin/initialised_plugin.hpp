#pragma once
// The stage between "loaded" and "stopped": init has succeeded and shutdown is owed.

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/plugin/encoder_spec.hpp"
#include "core/plugin/loaded_plugin.hpp"
#include "core/plugin/options.hpp"

namespace lateral::plugin {

/// Thread safety: create and destroy may be called from any thread; shutdown once, when nothing else runs.
class InitialisedPlugin {
 public:
  /// Calls init and reads what the encoders declare. Throws what the plugin reports or PluginFault.
  InitialisedPlugin(std::shared_ptr<LoadedPlugin> loaded, OptionMap options);
  ~InitialisedPlugin();
  InitialisedPlugin(const InitialisedPlugin&) = delete;
  InitialisedPlugin& operator=(const InitialisedPlugin&) = delete;

  const std::vector<EncoderSpec>& encoders() const noexcept { return encoders_; }

  std::uint64_t create(std::uint32_t index, OptionMap options);
  void destroy(std::uint64_t handle);

  /// Destroys all handles and calls shutdown. Returns what the plugin complained about; empty is good.
  std::string shutdown() noexcept;

 private:
  struct Init {};
  InitialisedPlugin(Init, std::shared_ptr<LoadedPlugin> loaded, OptionMap options);

  std::shared_ptr<LoadedPlugin> loaded_;
  std::vector<EncoderSpec> encoders_;
  std::mutex mutex_;
  std::set<std::uint64_t> handles_;
  bool owed_ = true;
};

}  // namespace lateral::plugin
