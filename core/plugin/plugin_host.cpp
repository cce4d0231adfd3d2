#include "core/plugin/plugin_host.hpp"

#include <set>
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

/// "camera 1.0.0", or "signs (torch-module 1.0.0)".
std::string title_of(const Revision& revision) {
  const auto& facts = revision.facts();
  const std::string library = facts.library_id + " " + facts.version;
  return revision.id() == facts.library_id ? library : revision.id() + " (" + library + ")";
}

/// FOLDER/ID.lateral.so is taken at its name; whoever asks for an id must get that library.
void require_sought(std::string_view id_or_file, const PluginFacts& facts) {
  if (names_a_file(id_or_file) || facts.library_id == id_or_file) return;
  fail(Errc::InvalidArgument, "plugin", facts.file.string(), " is the library \"", facts.library_id,
       "\"; name it ", facts.library_id, ".lateral.so, or load it by its file");
}

void log_loaded(const Revision& revision) {
  const auto& facts = revision.facts();
  std::string encoders;
  for (const auto& spec : revision.encoders()) encoders += (encoders.empty() ? "" : ", ") + spec.name;
  log::info("plugin", title_of(revision), " loaded (", encoders, "), sha256 ", facts.sha256, "; ",
            revision.isolation_note());
  for (const auto& warning : facts.warnings) log::debug("plugin", revision.id(), ": ", warning);
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

void PluginHost::remember(const std::filesystem::path& file, const std::string& id, State state,
                          std::string message) {
  const std::lock_guard lock(mutex_);
  forget(file, id);
  past_[{file, id}] = {state, std::move(message)};
}

void PluginHost::forget(const std::filesystem::path& file, const std::string& id) {
  past_.erase({file, id});
  past_.erase({file, std::string()});  // it could be verified since
}

std::string PluginHost::load(std::string_view id_or_file, LoadOptions options) {
  const auto file = real(find_plugin(id_or_file, search_));
  VerifiedPlugin plugin;
  try {
    plugin = verify(file, trust_);
  } catch (const Error& error) {
    remember(file, {}, State::Failed, error.what());
    throw;
  }
  require_sought(id_or_file, plugin.facts);
  if (options.id.empty()) options.id = plugin.facts.library_id;
  const std::string id = options.id;
  reserve(id);
  try {
    auto revision = Revision::open(plugin, options, timeouts_);
    log_loaded(*revision);
    const std::lock_guard lock(mutex_);
    forget(file, id);
    slots_[id] = {std::move(revision), {std::move(plugin), std::move(options)}, std::nullopt};
  } catch (const std::exception& error) {  // also what a review throws, or a thread that cannot be started
    remember(file, id, State::Failed, error.what());
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
  UnloadReport report;
  try {
    report = revision->close(patience);
  } catch (...) {  // no thread for it, say: it can be tried again
    const std::lock_guard lock(mutex_);
    slots_.find(id)->second.active = std::move(revision);
    throw;
  }
  log_unloaded(revision->id(), report);
  const std::lock_guard lock(mutex_);
  slots_.erase(slots_.find(id));
  forget(revision->facts().file, revision->id());
  if (!report.unmapped()) past_[{revision->facts().file, revision->id()}] = {report.state, report.reason};
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

PluginEntry PluginHost::described(const std::filesystem::path& file) const {
  PluginEntry entry{file, {}, std::nullopt, State::Discovered, {}};
  try {
    entry.facts = verify(file, trust_).facts;
    entry.message = joined(problems_in(*entry.facts, Isolation::Thread));
  } catch (const Error& error) {
    entry.message = error.what();
  }
  return entry;
}

std::vector<PluginEntry> PluginHost::list() const {
  std::set<std::filesystem::path> files;
  for (const auto& file : plugin_files(search_)) files.insert(real(file));
  std::map<FileUnderId, std::shared_ptr<Revision>> active;
  decltype(past_) past;
  {
    const std::lock_guard lock(mutex_);
    past = past_;
    for (const auto& [id, slot] : slots_) {
      if (slot.active) active[{slot.active->facts().file, id}] = slot.active;
    }
  }
  for (const auto& [key, revision] : active) {
    files.insert(key.first);
    past.erase(key);
  }
  for (const auto& [key, end] : past) files.insert(key.first);

  std::vector<PluginEntry> entries;
  for (const auto& file : files) {
    const auto entry = described(file);
    const auto before = entries.size();
    for (const auto& [key, revision] : active) {  // the copy that runs, whatever the file holds now
      if (key.first == file)
        entries.push_back({file, key.second, revision->facts(), revision->state(), revision->reason()});
    }
    for (const auto& [key, end] : past) {
      if (key.first == file) entries.push_back({file, key.second, entry.facts, end.first, end.second});
    }
    if (entries.size() == before) entries.push_back(entry);
  }
  return entries;
}

std::filesystem::path PluginHost::find(std::string_view id_or_file) const {
  auto file = find_plugin(id_or_file, search_);
  std::error_code unknown;  // then load() says why
  if (!std::filesystem::exists(file, unknown) && !unknown)
    fail(Errc::NotFound, "plugin", file.string(), " is not there");
  return file;
}

PluginFacts PluginHost::show(std::string_view id_or_file) const {
  return verify(find_plugin(id_or_file, search_), trust_).facts;
}

}  // namespace lateral::plugin
