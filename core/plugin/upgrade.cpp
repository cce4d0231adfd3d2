// The part of PluginHost that exchanges one revision for another.

#include <utility>

#include "core/base/error.hpp"
#include "core/plugin/plugin_host.hpp"
#include "core/plugin/self_test.hpp"

namespace lateral::plugin {

Successor PluginHost::successor_of(Source source) const {
  auto revision = Revision::open(source.plugin, source.options, timeouts_);
  self_test(*revision, source.options.timeouts.value_or(timeouts_).init);
  return {std::move(revision), std::move(source)};
}

Successor PluginHost::prepare(std::string_view id, const std::filesystem::path& file, LoadOptions options) {
  const std::string library = revision(id)->facts().library_id;
  auto plugin = verify(file, trust_);
  if (plugin.facts.library_id != library) {
    fail(Errc::InvalidArgument, "plugin", file.string(), " is the library \"", plugin.facts.library_id,
         "\", not \"", library, id == library ? "\"" : "\" as \"" + std::string(id) + "\" is",
         "; only a revision of the same library can take its place");
  }
  options.id = id;
  return successor_of({std::move(plugin), std::move(options)});
}

Successor PluginHost::prepare_former(std::string_view id) {
  revision(id);
  std::optional<Source> former;
  {
    const std::lock_guard lock(mutex_);
    const auto slot = slots_.find(id);
    if (slot != slots_.end()) former = slot->second.former;
  }
  if (!former) fail(Errc::FailedPrecondition, "plugin", id, " has no former revision to go back to");
  former->plugin = former->plugin.again();
  return successor_of(std::move(*former));
}

void PluginHost::exchange(const std::shared_ptr<Revision>& active, Successor&& next) {
  const std::lock_guard lock(mutex_);
  const auto slot = slots_.find(active->id());
  if (slot == slots_.end() || slot->second.active != active)
    fail(Errc::FailedPrecondition, "plugin", active->id(), " was unloaded or upgraded meanwhile");
  forget(next.source.plugin.facts.file, active->id());
  slot->second.active = std::move(next.revision);
  slot->second.former = std::exchange(slot->second.source, std::move(next.source));
}

UnloadReport PluginHost::upgrade(std::string_view id, const std::filesystem::path& file, LoadOptions options,
                                 std::chrono::milliseconds patience) {
  const auto active = revision(id);
  exchange(active, prepare(id, file, std::move(options)));
  return active->close(patience);
}

}  // namespace lateral::plugin
