#include "core/plugin/initialised_plugin.hpp"

#include <chrono>
#include <utility>

#include "core/base/error.hpp"
#include "core/plugin/status.hpp"

namespace lateral::plugin {

InitialisedPlugin::InitialisedPlugin(Init, std::shared_ptr<LoadedPlugin> loaded, OptionMap options)
    : loaded_(std::move(loaded)) {
  auto table = std::make_shared<const OptionTable>(std::move(options));
  loaded_->run("init", loaded_->timeouts().init, [plugin = loaded_, table] {
    ErrorText text;
    throw_unless_ok(plugin->functions().init(plugin->context(), table->data(), table->size(), text.err()),
                    text, "init");
  });
}

// Once the delegate has returned the destructor runs if anything below throws; if init itself fails it does
// not. That is the rule of the ABI: shutdown after a successful init only.
InitialisedPlugin::InitialisedPlugin(std::shared_ptr<LoadedPlugin> loaded, OptionMap options)
    : InitialisedPlugin(Init{}, std::move(loaded), std::move(options)) {
  auto specs = std::make_shared<std::vector<EncoderSpec>>();
  loaded_->run("encoder_info", loaded_->timeouts().call, [plugin = loaded_, specs] {
    const std::uint32_t count = read_encoder_count(plugin->functions());
    for (std::uint32_t i = 0; i < count; ++i) specs->push_back(read_encoder_spec(plugin->functions(), i));
  });
  encoders_ = std::move(*specs);
}

InitialisedPlugin::~InitialisedPlugin() {
  shutdown();
}

std::uint64_t InitialisedPlugin::create(std::uint32_t index, OptionMap options) {
  auto table = std::make_shared<const OptionTable>(std::move(options));
  auto handle = std::make_shared<std::uint64_t>(0);
  loaded_->run("create", loaded_->timeouts().init, [plugin = loaded_, table, handle, index] {
    ErrorText text;
    const auto status =
        plugin->functions().create(index, table->data(), table->size(), handle.get(), text.err());
    throw_unless_ok(status, text, "create");
  });
  const std::lock_guard lock(mutex_);
  if (!handles_.insert(*handle).second)
    fail(Errc::PluginFault, "plugin", "gave the handle ", *handle, " twice");
  return *handle;
}

void InitialisedPlugin::destroy(std::uint64_t handle) {
  {
    const std::lock_guard lock(mutex_);
    if (handles_.erase(handle) == 0) return;
  }
  loaded_->run("destroy", loaded_->timeouts().call, [plugin = loaded_, handle] {
    ErrorText text;
    throw_unless_ok(plugin->functions().destroy(handle, text.err()), text, "destroy");
  });
}

std::string InitialisedPlugin::shutdown() noexcept {
  if (!std::exchange(owed_, false) || loaded_->custody().quarantined()) return {};
  std::string complaint;
  try {
    while (!handles_.empty()) destroy(*handles_.begin());
  } catch (const std::exception& error) {
    complaint = error.what();
  }
  try {
    const auto timeout = loaded_->timeouts().call;
    const auto until = std::chrono::nanoseconds((Clock::now() + timeout).time_since_epoch()).count();
    loaded_->run("shutdown", timeout, [plugin = loaded_, until] {
      ErrorText text;
      const auto status = plugin->functions().shutdown(static_cast<std::uint64_t>(until), text.err());
      throw_unless_ok(status, text, "shutdown");
    });
  } catch (const std::exception& error) {
    complaint += (complaint.empty() ? "" : "; ") + std::string(error.what());
  }
  return complaint;
}

}  // namespace lateral::plugin
