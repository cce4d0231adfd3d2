#include "core/plugin/revision.hpp"

#include <algorithm>
#include <utility>

#include "core/base/error.hpp"
#include "core/plugin/manifest_check.hpp"
#include "core/plugin/thread_revision.hpp"

namespace lateral::plugin {

std::shared_ptr<Revision> Revision::open(VerifiedPlugin plugin, LoadOptions options,
                                         const Timeouts& timeouts) {
  if (!options.timeouts) options.timeouts = timeouts;
  if (options.review) options.review(plugin.facts);
  const std::shared_ptr<Revision> revision = ThreadRevision::open(std::move(plugin), std::move(options));
  require_declared(revision->facts(), revision->encoders());
  return revision;
}

std::uint32_t Revision::index_of(std::string_view name) const {
  const auto& all = encoders();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const EncoderSpec& spec) { return name.empty() || spec.name == name; });
  if (found != all.end()) return static_cast<std::uint32_t>(found - all.begin());
  std::string known;
  for (const auto& spec : all) known += (known.empty() ? "" : ", ") + spec.name;
  fail(Errc::NotFound, facts().id, "has no encoder \"", name, "\"; it has: ", known);
}

}  // namespace lateral::plugin
