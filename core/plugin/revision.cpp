#include "core/plugin/revision.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include "core/base/error.hpp"
#include "core/plugin/manifest_check.hpp"
#include "core/plugin/search.hpp"
#include "core/plugin/thread_revision.hpp"
#include "core/plugin/worker/worker_revision.hpp"

namespace lateral::plugin {
namespace {

std::shared_ptr<Revision> start(VerifiedPlugin plugin, LoadOptions options) {
  const auto isolation = options.isolation.value_or(default_isolation(plugin.facts));
  if (isolation == Isolation::Process)
    return worker::WorkerRevision::open(std::move(plugin), std::move(options));
  if (options.worker.sandbox) {
    fail(Errc::InvalidArgument, options.id, "a sandbox needs a worker process; set isolation = \"process\"");
  }
  return ThreadRevision::open(std::move(plugin), std::move(options));
}

}  // namespace

std::shared_ptr<Revision> Revision::open(VerifiedPlugin plugin, LoadOptions options,
                                         const Timeouts& timeouts) {
  if (!options.timeouts) options.timeouts = timeouts;
  if (options.id.empty()) options.id = plugin.facts.library_id;
  if (options.review) options.review(plugin.facts);
  const auto revision = start(std::move(plugin), std::move(options));
  require_declared(revision->facts(), revision->encoders());
  return revision;
}

Isolation default_isolation(const PluginFacts& facts) {
  constexpr std::array<std::string_view, 3> kOurs{"camera", "lidar", "template"};
  const bool ours = std::find(kOurs.begin(), kOurs.end(), facts.library_id) != kOurs.end();
  const auto folders = program_folders();
  const bool here = std::any_of(folders.begin(), folders.end(), [&](const auto& folder) {
    std::error_code ignored;
    return std::filesystem::equivalent(folder, facts.file.parent_path(), ignored);
  });
  return ours && here ? Isolation::Thread : Isolation::Process;
}

std::uint32_t Revision::index_of(std::string_view name) const {
  const auto& all = encoders();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const EncoderSpec& spec) { return name.empty() || spec.name == name; });
  if (found != all.end()) return static_cast<std::uint32_t>(found - all.begin());
  std::string known;
  for (const auto& spec : all) known += (known.empty() ? "" : ", ") + spec.name;
  fail(Errc::NotFound, id(), "has no encoder \"", name, "\"; it has: ", known);
}

}  // namespace lateral::plugin
