#include "core/plugin/plugin_host.hpp"

#include <algorithm>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/log.hpp"

namespace lateral::plugin {
namespace {

std::filesystem::path real(const std::filesystem::path& file) {
  std::error_code error;
  auto result = std::filesystem::canonical(file, error);
  return error ? file : result;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const auto& text : texts) all += (all.empty() ? "" : "; ") + text;
  return all;
}

void log_loaded(const Revision& revision) {
  const auto& facts = revision.facts();
  std::string encoders;
  for (const auto& spec : revision.encoders()) encoders += (encoders.empty() ? "" : ", ") + spec.name;
  log::info("plugin", facts.id, " ", facts.version, " loaded (", encoders, "), sha256 ", facts.sha256, "; ",
            revision.isolation_note());
  for (const auto& warning : facts.warnings) log::debug("plugin", facts.id, ": ", warning);
}

void log_unloaded(const std::string& id, const UnloadReport& report) {
  if (!report.complaint.empty()) log::warn("plugin", id, ": ", report.complaint);
  log::info("plugin", id, ": the whole process since it was loaded: ", report.left.text());
  if (report.unmapped()) {
    log::info("plugin", id, " unloaded and unmapped in ", report.milliseconds, " ms");
  } else {
    log::warn("plugin", id, " unloaded, but ", name_of(report.state), ": ", report.reason);
  }
}

}  // namespace

PluginHost::PluginHost(SearchPath search, Timeouts timeouts, Trust trust)
    : search_(std::move(search)), timeouts_(timeouts), trust_(std::move(trust)) {}

PluginHost::~PluginHost() {
  for (const auto& id : loaded()) {
    try {
      unload(id);
    } catch (const std::exception& error) {
      log::error("plugin", id, ": ", error.what());
    }
  }
}

void PluginHost::reserve(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto [slot, fresh] = slots_.try_emplace(id);
  if (fresh) return;
  fail(Errc::FailedPrecondition, "plugin", id,
       slot->second.active ? " is already loaded; unload it first" : " is being loaded or unloaded");
}

void PluginHost::remember(const std::filesystem::path& file, State state, std::string message) {
  const std::lock_guard lock(mutex_);
  past_[file] = {state, std::move(message)};
}

std::string PluginHost::load(std::string_view id_or_file, LoadOptions options) {
  const auto file = real(find_plugin(id_or_file, search_));
  VerifiedPlugin plugin;
  try {
    plugin = verify(file, trust_);
    reserve(plugin.facts.id);
  } catch (const Error& error) {
    if (error.code() != Errc::FailedPrecondition) remember(file, State::Failed, error.what());
    throw;
  }
  const std::string id = plugin.facts.id;
  try {
    auto revision = Revision::open(plugin, options, timeouts_);
    log_loaded(*revision);
    const std::lock_guard lock(mutex_);
    past_.erase(file);
    slots_[id] = {std::move(revision), {std::move(plugin), std::move(options)}, std::nullopt};
  } catch (const Error& error) {
    remember(file, State::Failed, error.what());
    const std::lock_guard lock(mutex_);
    slots_.erase(id);
    throw;
  }
  return id;
}

UnloadReport PluginHost::unload(std::string_view id, std::chrono::milliseconds patience) {
  std::shared_ptr<Revision> revision;
  {
    const std::lock_guard lock(mutex_);
    const auto slot = slots_.find(id);
    if (slot == slots_.end() || !slot->second.active)
      fail(Errc::NotFound, "plugin", "\"", id, "\" is not loaded");
    revision = std::move(slot->second.active);
  }
  const auto report = revision->close(patience);
  log_unloaded(std::string(id), report);
  const std::lock_guard lock(mutex_);
  slots_.erase(slots_.find(id));
  if (report.unmapped()) {
    past_.erase(revision->facts().file);
  } else {
    past_[revision->facts().file] = {report.state, report.reason};
  }
  return report;
}

std::shared_ptr<Revision> PluginHost::revision(std::string_view id) const {
  std::string known;
  {
    const std::lock_guard lock(mutex_);
    const auto slot = slots_.find(id);
    if (slot != slots_.end() && slot->second.active) return slot->second.active;
    for (const auto& [name, other] : slots_) known += (known.empty() ? "" : ", ") + name;
  }
  fail(Errc::NotFound, "plugin", "\"", id, "\" is not loaded; loaded: ", known.empty() ? "none" : known);
}

std::unique_ptr<Encoder> PluginHost::make_encoder(std::string_view id, std::string_view encoder,
                                                  OptionMap options) {
  return revision(id)->make_encoder(encoder, std::move(options));
}

std::vector<std::string> PluginHost::loaded() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> ids;
  for (const auto& [id, slot] : slots_) {
    if (slot.active) ids.push_back(id);
  }
  return ids;
}

std::vector<PluginEntry> PluginHost::list() const {
  std::vector<std::filesystem::path> files;
  for (const auto& file : plugin_files(search_)) files.push_back(real(file));
  std::map<std::filesystem::path, std::shared_ptr<Revision>> active;
  decltype(past_) past;
  {
    const std::lock_guard lock(mutex_);
    past = past_;
    for (const auto& [id, slot] : slots_) {
      if (slot.active) active[slot.active->facts().file] = slot.active;
    }
  }
  for (const auto& [file, revision] : active) files.push_back(file);
  for (const auto& [file, end] : past) files.push_back(file);
  std::sort(files.begin(), files.end());
  files.erase(std::unique(files.begin(), files.end()), files.end());

  std::vector<PluginEntry> entries;
  for (const auto& file : files) {
    PluginEntry entry{file, std::nullopt, State::Discovered, {}};
    try {
      entry.facts = verify(file, trust_).facts;
      entry.message = joined(problems_in(*entry.facts, Isolation::Thread));
    } catch (const Error& error) {
      entry.message = error.what();
    }
    if (const auto found = past.find(file); found != past.end())
      std::tie(entry.state, entry.message) = found->second;
    if (const auto found = active.find(file); found != active.end()) {
      entry.facts = found->second->facts();  // of the copy that runs, whatever the file holds now
      entry.state = found->second->state();
      entry.message = found->second->reason();
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

PluginFacts PluginHost::show(std::string_view id_or_file) const {
  return verify(find_plugin(id_or_file, search_), trust_).facts;
}

}  // namespace lateral::plugin
