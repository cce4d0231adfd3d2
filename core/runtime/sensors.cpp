#include "core/runtime/sensors.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <unordered_map>
#include <utility>

#include "core/base/error.hpp"
#include "core/runtime/token_bridge.hpp"
#include "core/tensor/settings.hpp"
#include "core/training/progress.hpp"

namespace lateral::runtime {
namespace {

plugin::SearchPath search_from(const config::Config& config) {
  if (config.plugin_search.empty()) return plugin::default_search();
  return {config.plugin_search.begin(), config.plugin_search.end()};
}

std::chrono::milliseconds milliseconds(double seconds) {
  return std::chrono::milliseconds(std::llround(std::clamp(seconds, 0.001, 1e9) * 1000));
}

/// Without the part that noticed it, to be told by another one.
std::string_view message_of(const Error& error) {
  const std::string_view text = error.what();
  return text.substr(std::min(text.find(": ") + 2, text.size()));
}

plugin::Timeouts timeouts_from(const config::PluginConfig& config) {
  plugin::Timeouts timeouts;
  if (config.load_timeout) timeouts.load = timeouts.init = milliseconds(*config.load_timeout);
  if (config.call_timeout) timeouts.call = milliseconds(*config.call_timeout);
  return timeouts;
}

}  // namespace

void SensorInputSlot::set(std::shared_ptr<const SensorData> data) {
  const std::lock_guard lock(mutex_);
  data_ = std::move(data);
}

std::shared_ptr<const SensorData> SensorInputSlot::get() const {
  const std::lock_guard lock(mutex_);
  return data_;
}

Sensor::Sensor(Parts parts)
    : revision_(std::move(parts.revision)),
      encoder_(std::move(parts.encoder)),
      input_(std::move(parts.input)),
      timeout_(parts.timeout),
      key_(encoder_->spec().token_space + "#" + std::to_string(parts.serial)) {}

connector::Tokens Sensor::encode(const SensorData& data, const CancelToken& cancel) const {
  return as_tensors(encoder_->encode(data.views(), {.timeout = timeout_, .cancel = cancel}));
}

connector::Sample Sensor::sample(const SensorData& data, const CancelToken& cancel) const {
  if (data.id.empty()) return {.id = {}, .tokens = encode(data, cancel)};
  const auto tokens =
      cache_.get(key_, data.id, [&](const std::string&) { return std::optional(encode(data, cancel)); });
  return {.id = key_ + "/" + data.id, .tokens = *tokens};
}

training::TokenProvider Sensor::provider(const std::vector<Recording>& recordings,
                                         const CancelToken& cancel) const {
  auto readers = std::make_shared<std::unordered_map<std::string, std::function<SensorData()>>>();
  for (const Recording& recording : recordings) {
    const auto found = recording.senses.find(id());
    if (found != recording.senses.end()) readers->emplace(recording.id, found->second);
  }
  // Moments of different data sets may share an id, so these tokens get a cache of their own.
  auto cache = std::make_shared<training::TokenCache>();
  return training::cached(
      cache, spec().token_space,
      [readers, encoder = encoder_, timeout = timeout_,
       cancel](const std::string& id) -> std::optional<connector::Tokens> {
        const auto reader = readers->find(id);
        if (reader == readers->end()) return std::nullopt;
        cancel.check(training::kEncodePhase);
        const SensorData data = reader->second();
        return as_tensors(encoder->encode(data.views(), {.timeout = timeout, .cancel = cancel}));
      });
}

Sensors::Sensors(const config::Config& config)
    : host_(search_from(config), {}, {.strict = config.plugin_strict}) {
  for (const auto& plugin : config.plugins) written_.emplace(plugin.id, plugin);
  for (const auto& connection : config.connections) {
    const auto [first, is_new] = encoders_.emplace(connection.plugin, connection.encoder);
    if (!is_new && first->second != connection.encoder) {
      fail(Errc::Unsupported, "connection", connection.where.text(), ": encoder \"", connection.encoder,
           "\", another connection of plugin '", connection.plugin, "' uses \"", first->second,
           "\"; one encoder of a plugin can be used at a time: let the other connection have a plugin of its "
           "own, "
           "[plugin.ID] with library = \"...\"");
    }
  }
}

plugin::LoadOptions Sensors::options_of(const std::string& id) const {
  plugin::LoadOptions options;
  options.worker.threads = static_cast<unsigned>(tensor::threads());
  const auto found = written_.find(id);
  if (found == written_.end()) return options;
  const auto& config = found->second;
  if (config.isolation)
    options.isolation =
        *config.isolation == "thread" ? plugin::Isolation::Thread : plugin::Isolation::Process;
  options.worker = {
      .sandbox = config.sandbox,
      .restart = config.restart == "on-failure" ? plugin::Restart::OnFailure : plugin::Restart::Never,
      .max_restarts = static_cast<unsigned>(config.max_restarts),
      .memory_limit = static_cast<std::uint64_t>(config.memory_limit),
      .threads = options.worker.threads};
  options.timeouts = timeouts_from(config);
  const auto& written = config.options;
  for (const auto& option : written) {
    std::visit([&](const auto& value) { options.options.emplace(option.key, value); }, option.value);
  }
  options.review = [&id = config.id, &written](const plugin::PluginFacts& facts) {
    if (facts.manifest) config::check_options(*facts.manifest, id, written);
  };
  return options;
}

std::string Sensors::encoder_of(const std::string& id) const {
  const auto found = encoders_.find(id);
  return found == encoders_.end() ? std::string() : found->second;
}

const config::LibraryConfig* Sensors::library_of(const std::string& id) const {
  const auto table = written_.find(id);
  return table == written_.end() || !table->second.library ? nullptr : &*table->second.library;
}

std::string Sensors::sought_for(const std::string& id) const {
  const auto* const library = library_of(id);
  std::string sought = id;
  if (library != nullptr) sought = library->id.empty() ? library->file.string() : library->id;
  try {
    host_.find(sought);
    return sought;
  } catch (const Error& error) {
    if (library != nullptr)
      fail(error.code(), "config", library->where.text(), ": plugin.", id, ".library: ", message_of(error));
    fail(error.code(), "plugin", message_of(error), "; for one of them under this id write [plugin.", id,
         "] library = \"...\"");
  }
}

std::string Sensors::load_named(const std::string& id) {
  auto options = options_of(id);
  options.id = id;
  return host_.load(sought_for(id), std::move(options));
}

// Options belong to an id; a file tells its own without being run.
std::string Sensors::load_file(const std::string& file) {
  const std::string id = host_.show(file).library_id;
  if (library_of(id) != nullptr) {
    const std::string other = host_.show(sought_for(id)).library_id;
    if (other != id) {
      fail(Errc::FailedPrecondition, "plugin", file, " is the library \"", id, "\", but [plugin.", id, "] (",
           written_.at(id).where.text(), ") is an instance of \"", other, "\"; give that table another id");
    }
  }
  return host_.load(file, options_of(id));
}

std::shared_ptr<Sensor> Sensors::load(const std::string& id_or_file) {
  const std::string id = plugin::names_a_file(id_or_file) ? load_file(id_or_file) : load_named(id_or_file);
  std::shared_ptr<Sensor> sensor;
  try {
    sensor = make_sensor(host_.revision(id), std::make_shared<SensorInputSlot>());
  } catch (...) {
    host_.unload(id);
    throw;
  }
  const std::lock_guard lock(mutex_);
  loaded_[id] = sensor;
  return sensor;
}

std::shared_ptr<Sensor> Sensors::make_sensor(std::shared_ptr<plugin::Revision> revision,
                                             std::shared_ptr<SensorInputSlot> input) {
  const std::string& id = revision->id();
  const auto written = written_.find(id);
  const auto timeouts = written == written_.end() ? plugin::Timeouts{} : timeouts_from(written->second);
  auto encoder = revision->make_encoder(encoder_of(id), {});
  return std::make_shared<Sensor>(Sensor::Parts{.revision = std::move(revision),
                                                .encoder = std::move(encoder),
                                                .input = std::move(input),
                                                .timeout = timeouts.call,
                                                .serial = ++serial_});
}

std::shared_ptr<Sensor> Sensors::remove(const std::string& id) {
  {
    const std::lock_guard lock(mutex_);
    if (auto removed = loaded_.extract(id)) return std::move(removed.mapped());
  }
  refuse_unloaded(id);
}

void Sensors::restore(const std::shared_ptr<Sensor>& sensor) {
  const std::lock_guard lock(mutex_);
  loaded_[sensor->id()] = sensor;
}

plugin::UnloadReport Sensors::unload(const std::string& id) {
  return host_.unload(id);
}

Sensors::Next Sensors::next_of(const std::string& id, plugin::Successor successor) {
  auto sensor = make_sensor(successor.revision, at(id)->input_slot());
  return {.sensor = std::move(sensor), .successor = std::move(successor)};
}

Sensors::Next Sensors::prepare(const std::string& id, const std::filesystem::path& file) {
  return next_of(id, host_.prepare(id, file, options_of(id)));
}

Sensors::Next Sensors::prepare_former(const std::string& id) {
  return next_of(id, host_.prepare_former(id));
}

void Sensors::exchange(const std::shared_ptr<Sensor>& now, Next&& next) {
  const std::string id = now->id();
  const std::lock_guard lock(mutex_);
  const auto found = loaded_.find(id);
  if (found == loaded_.end() || found->second != now)
    fail(Errc::FailedPrecondition, "plugin", id, " was unloaded or upgraded meanwhile");
  host_.exchange(now->revision(), std::move(next.successor));
  found->second = std::move(next.sensor);
}

std::shared_ptr<Sensor> Sensors::find(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = loaded_.find(id);
  return found == loaded_.end() ? nullptr : found->second;
}

std::shared_ptr<Sensor> Sensors::at(const std::string& id) const {
  if (auto sensor = find(id)) return sensor;
  refuse_unloaded(id);
}

void Sensors::refuse_unloaded(const std::string& id) const {
  std::string names;
  for (const auto& sensor : all()) names += (names.empty() ? "" : ", ") + sensor->id();
  fail(Errc::NotFound, "plugin", "'", id, "' is not loaded; loaded: ", names.empty() ? "nothing" : names);
}

std::vector<std::shared_ptr<Sensor>> Sensors::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Sensor>> sensors;
  for (const auto& [id, sensor] : loaded_) sensors.push_back(sensor);
  return sensors;
}

}  // namespace lateral::runtime
