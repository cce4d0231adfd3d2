#include "core/runtime/connection_book.hpp"

#include <algorithm>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/connector/connection.hpp"
#include "core/runtime/adapter_store.hpp"
#include "core/wiring/method.hpp"

namespace lateral::runtime {
namespace {

constexpr std::string_view kWhere = "connection";

std::string how_to_train(const config::ConnectionConfig& connection) {
  return "train one: lateral adapt -c FILE.toml --plugin " + connection.plugin + " --data DIR [--teacher ID]";
}

[[noreturn]] void refuse_rollback(const config::ConnectionConfig& connection) {
  fail(Errc::FailedPrecondition, kWhere, connection.name, " has no former adapter to go back to");
}

}  // namespace

wiring::BlockSet blocks_of(const config::BlocksConfig& blocks, int layers) {
  try {
    if (const auto* const text = std::get_if<std::string>(&blocks.value))
      return wiring::BlockSet::parse(*text, layers);
    const auto& list = std::get<std::vector<std::int64_t>>(blocks.value);
    std::vector<int> narrow;
    for (const std::int64_t block : list) {
      narrow.push_back(static_cast<int>(std::clamp<std::int64_t>(block, -1, layers)));
    }
    return wiring::BlockSet::of(narrow, layers);
  } catch (const Error& error) {
    fail(error.code(), kWhere, blocks.where.text(), ": ", error.what());
  }
}

ConnectionBook::ConnectionBook(const config::Config& config, std::shared_ptr<const Language> language,
                               Sensors& sensors, std::shared_ptr<connector::ConnectorManager> manager)
    : language_(std::move(language)),
      sensors_(sensors),
      manager_(std::move(manager)),
      configs_(config.connections),
      entries_(config.connections.size()) {
  for (const auto& connection : configs_) {
    blocks_of(connection.blocks, language_->layers());
    wiring::method_named(connection.method);
    if (connection.reduce.method != "none") {
      fail(Errc::Unsupported, kWhere, connection.reduce.where.text(), ": reduce.method \"",
           connection.reduce.method, "\" is not in this version; write \"none\" or leave it out");
    }
  }
}

std::size_t ConnectionBook::index_of(const std::string& connection) const {
  const auto found = std::find_if(configs_.begin(), configs_.end(),
                                  [&](const auto& config) { return config.name == connection; });
  if (found != configs_.end()) return static_cast<std::size_t>(found - configs_.begin());
  std::string names;
  for (const auto& config : configs_) names += (names.empty() ? "" : ", ") + config.name;
  fail(Errc::NotFound, kWhere, "no connection '", connection, "' in the configuration",
       names.empty() ? std::string("; add a [[connection]]") : "; it has: " + names);
}

const config::ConnectionConfig& ConnectionBook::named(const std::string& connection) const {
  return configs_[index_of(connection)];
}

std::vector<config::ConnectionConfig> ConnectionBook::of_plugin(const std::string& plugin) const {
  std::vector<config::ConnectionConfig> found;
  std::copy_if(configs_.begin(), configs_.end(), std::back_inserter(found),
               [&](const auto& config) { return config.plugin == plugin; });
  return found;
}

const config::ConnectionConfig& ConnectionBook::only_of_plugin(const std::string& plugin) const {
  const auto found = of_plugin(plugin);
  if (found.empty()) {
    fail(Errc::FailedPrecondition, kWhere, "the configuration connects no plugin '", plugin,
         "'; add: [[connection]] plugin = \"", plugin, "\"");
  }
  if (found.size() > 1) {
    fail(Errc::FailedPrecondition, kWhere, "plugin '", plugin, "' has ", found.size(),
         " connections; only one of them can learn at a time: leave one in the configuration");
  }
  return named(found.front().name);
}

ConnectionBook::Trained ConnectionBook::trained(const config::ConnectionConfig& config,
                                                std::shared_ptr<const connector::Adapter> adapter) const {
  // "auto" leaves the blocks to whoever trained the adapter; anything else is a demand.
  const wiring::ConnectionPlan plan{.id = config.name,
                                    .plugin = config.plugin,
                                    .encoder = adapter->info().encoder,
                                    .method = wiring::method_named(config.method),
                                    .blocks = config.blocks.automatic()
                                                  ? adapter->info().blocks
                                                  : blocks_of(config.blocks, language_->layers())};
  auto connection = connector::connection_of(plan, *adapter);
  return {.adapter = std::move(adapter), .connection = std::move(connection)};
}

connector::AdapterUse ConnectionBook::use_of(const plugin::EncoderSpec& encoder) const {
  return {.base_model = language_->identity(),
          .token_space = encoder.token_space,
          .width = encoder.token_width,
          .spec = language_->decoder().spec()};
}

ConnectionBook::Trained ConnectionBook::from_disk(const config::ConnectionConfig& config,
                                                  const std::filesystem::path& file,
                                                  const plugin::EncoderSpec& encoder) const {
  auto read = trained(
      config, std::make_shared<const connector::Adapter>(connector::load_adapter(file, use_of(encoder))));
  read.saved = true;
  return read;
}

const ConnectionBook::Trained& ConnectionBook::current(std::size_t index,
                                                       const plugin::EncoderSpec& encoder) {
  const auto& config = configs_[index];
  Trained& current = entries_[index].now.current;
  // What was learned for another token space is no use; the file may hold something else.
  if (current.adapter != nullptr && differences(current.adapter->info(), use_of(encoder)).empty())
    return current;
  if (!config.adapter || !is_there(*config.adapter)) {
    fail(Errc::FailedPrecondition, kWhere, config.name, " has no adapter",
         config.adapter ? " (" + config.adapter->string() + " is not there)" : std::string(), "; ",
         how_to_train(config));
  }
  current = from_disk(config, *config.adapter, encoder);
  return current;
}

std::shared_ptr<const connector::Adapter> ConnectionBook::adapter_for(const std::string& connection) {
  const auto index = index_of(connection);
  const std::lock_guard lock(mutex_);
  return current(index, sensors_.at(configs_[index].plugin)->spec()).adapter;
}

void ConnectionBook::attach(const std::string& connection) {
  const auto index = index_of(connection);
  const std::lock_guard lock(mutex_);
  const auto sensor = sensors_.at(configs_[index].plugin);
  manager_->replace(with_origin(*current(index, sensor->spec()).connection, sensor));
}

std::vector<std::string> ConnectionBook::wire(const std::vector<std::string>& connections) {
  std::set<std::size_t> wanted;
  for (const auto& connection : connections) wanted.insert(index_of(connection));
  const bool all = wanted.empty();
  const std::lock_guard lock(mutex_);
  if (all) wanted = ready();
  std::vector<std::string> names;
  std::vector<std::shared_ptr<const connector::Connection>> chosen;
  for (const std::size_t index : wanted) {
    const auto& config = configs_[index];
    const auto sensor = all ? sensors_.find(config.plugin) : sensors_.at(config.plugin);
    if (sensor == nullptr) continue;  // it is on its way out, and so is its connection
    chosen.push_back(with_origin(*current(index, sensor->spec()).connection, sensor));
    names.push_back(config.name);
  }
  manager_->exchange([&](const connector::Wiring& wiring) {
    connector::Wiring next = all ? wiring : connector::Wiring();
    for (const auto& connection : chosen) next = next.with_replaced(connection);
    return next;
  });
  return names;
}

bool ConnectionBook::attached(const std::string& connection) const {
  return manager_->lease()->find(connection) != nullptr;
}

std::set<std::size_t> ConnectionBook::ready() const {
  std::set<std::size_t> found;
  for (std::size_t i = 0; i < configs_.size(); ++i) {
    const auto& config = configs_[i];
    if (sensors_.find(config.plugin) == nullptr) continue;
    const auto state = attached(config.name) ? ConnectionState{"attached", {}} : detached_state(i);
    if (!state.reason.empty()) log::warn(kWhere, config.name, " stays detached: ", state.reason);
    if (state.name == "attached" || state.name == "ready") found.insert(i);
  }
  return found;
}

void ConnectionBook::detach(const std::string& connection) {
  const std::lock_guard lock(mutex_);
  manager_->detach(connection);
}

std::vector<std::string> ConnectionBook::detach_all_of(const std::string& plugin) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> detached;
  for (std::size_t i = 0; i < configs_.size(); ++i) {
    if (configs_[i].plugin != plugin) continue;
    Entry& entry = entries_[i];
    if (entry.before_upgrade) entry.now = *std::exchange(entry.before_upgrade, std::nullopt);
    if (!attached(configs_[i].name)) continue;
    manager_->detach(configs_[i].name);
    detached.push_back(configs_[i].name);
  }
  return detached;
}

connector::AdapterInfo ConnectionBook::fresh_info(const config::ConnectionConfig& connection,
                                                  const Sensor& sensor, std::int64_t inner,
                                                  std::uint64_t seed) const {
  const auto& encoder = sensor.spec();
  const auto& spec = language_->decoder().spec();
  connector::AdapterInfo info{.base_model = language_->identity(),
                              .token_space = encoder.token_space,
                              .plugin = sensor.id(),
                              .library = sensor.library_id(),
                              .encoder = encoder.name,
                              .method = wiring::method_named(connection.method),
                              .blocks = blocks_of(connection.blocks, language_->layers()),
                              .aligner = {.width = encoder.token_width,
                                          .inner = inner,
                                          .kv_heads = spec.kv_heads,
                                          .head_dim = spec.head_dim}};
  if (connection.lora) {
    info.lora = connector::LoraShape{.rank = connection.lora->rank,
                                     .alpha = connection.lora->alpha,
                                     .hidden = spec.hidden,
                                     .kv_width = spec.kv_width()};
  }
  info.seed = seed;
  return info;
}

std::filesystem::path ConnectionBook::publish(const std::string& connection,
                                              std::shared_ptr<const connector::Adapter> adapter, bool save) {
  const auto index = index_of(connection);
  const auto& config = configs_[index];
  if (save && !config.adapter) {
    fail(Errc::FailedPrecondition, kWhere, connection,
         " has no adapter = \"FILE\" to keep what was learned in");
  }
  Trained next = trained(config, std::move(adapter));
  const std::lock_guard lock(mutex_);
  const auto sensor = sensors_.at(config.plugin);
  require_fit(config, *next.adapter, sensor->spec());
  Entry& entry = entries_[index];
  if (save) {
    const auto* const unsaved = entry.now.current.saved ? nullptr : entry.now.current.adapter.get();
    save_keeping_previous(*config.adapter, *next.adapter, unsaved);
    next.saved = true;
  }
  manager_->replace(with_origin(*next.connection, sensor));
  auto former = std::exchange(entry.now.current, std::move(next));
  entry.now.former = save ? std::nullopt : std::optional(std::move(former));
  entry.before_upgrade.reset();
  return save ? *config.adapter : std::filesystem::path();
}

void ConnectionBook::rollback(const std::string& connection) {
  const auto index = index_of(connection);
  const std::lock_guard lock(mutex_);
  const auto sensor = sensors_.at(configs_[index].plugin);
  Adapters& adapters = entries_[index].now;
  if (adapters.former) {
    roll_back_memory(adapters, configs_[index], sensor->spec());
  } else {
    roll_back_files(adapters, configs_[index], sensor->spec());
  }
  manager_->replace(with_origin(*adapters.current.connection, sensor));
}

void ConnectionBook::require_fit(const config::ConnectionConfig& config, const connector::Adapter& adapter,
                                 const plugin::EncoderSpec& encoder, std::string_view advice) const {
  if (const auto difference = connector::differences(adapter.info(), use_of(encoder)); !difference.empty())
    fail(Errc::AbiMismatch, kWhere, config.name, ": its adapter does not fit: ", difference, advice);
}

void ConnectionBook::roll_back_memory(Adapters& adapters, const config::ConnectionConfig& config,
                                      const plugin::EncoderSpec& encoder) const {
  Trained& former = *adapters.former;
  if (former.adapter == nullptr) refuse_rollback(config);
  require_fit(config, *former.adapter, encoder);
  std::swap(adapters.current, former);
}

void ConnectionBook::roll_back_files(Adapters& adapters, const config::ConnectionConfig& config,
                                     const plugin::EncoderSpec& encoder) const {
  if (!config.adapter || !is_there(previous_of(*config.adapter))) refuse_rollback(config);
  auto former = from_disk(config, previous_of(*config.adapter), encoder);
  exchange_with_previous(*config.adapter);
  adapters.current = std::move(former);
}

void ConnectionBook::exchange_sensor(const std::shared_ptr<Sensor>& now, Sensors::Next next) {
  const std::lock_guard lock(mutex_);
  exchange_all(now, std::move(next), std::nullopt);
}

void ConnectionBook::exchange_sensor(const std::shared_ptr<Sensor>& now, Sensors::Next next,
                                     const std::filesystem::path& adapter) {
  const auto index = index_of(only_of_plugin(now->id()).name);
  Replacement replacement{index, from_disk(configs_[index], adapter, next.sensor->spec())};
  replacement.trained.saved = false;  // not where the configuration looks for it
  const std::lock_guard lock(mutex_);
  exchange_all(now, std::move(next), replacement);
  Entry& entry = entries_[index];
  if (!entry.before_upgrade) entry.before_upgrade = entry.now;
  entry.now.former = std::exchange(entry.now.current, std::move(replacement.trained));
}

void ConnectionBook::exchange_sensor_back(const std::shared_ptr<Sensor>& now, Sensors::Next next) {
  const auto index = index_of(only_of_plugin(now->id()).name);
  const std::lock_guard lock(mutex_);
  Adapters& adapters = entries_[index].now;
  if (!adapters.former) refuse_rollback(configs_[index]);
  exchange_all(now, std::move(next), Replacement{index, *adapters.former});
  std::swap(adapters.current, *adapters.former);
}

void ConnectionBook::exchange_all(const std::shared_ptr<Sensor>& now, Sensors::Next&& next,
                                  const std::optional<Replacement>& replacement) {
  const auto sensor = next.sensor;
  std::vector<std::shared_ptr<const connector::Connection>> fresh;
  std::string attach, drop;
  for (std::size_t i = 0; i < configs_.size(); ++i) {
    if (configs_[i].plugin != sensor->id()) continue;
    const bool replaced = replacement && replacement->index == i;
    const Trained& trained = replaced ? replacement->trained : entries_[i].now.current;
    if (replaced) (trained.adapter ? attach : drop) = configs_[i].name;
    if (trained.adapter == nullptr) continue;
    require_fit(configs_[i], *trained.adapter, sensor->spec(),
                "; upgrade with an adapter that does, or unload the plugin, load the new one and train it");
    fresh.push_back(with_origin(*trained.connection, sensor));
  }
  sensors_.exchange(now, std::move(next));
  manager_->exchange([&](const connector::Wiring& wiring) {
    connector::Wiring exchanged = wiring;
    for (const auto& connection : fresh) {
      const bool wanted = connection->id == attach || wiring.find(connection->id) != nullptr;
      if (wanted) exchanged = exchanged.with_replaced(connection);
    }
    return exchanged.find(drop) != nullptr ? exchanged.without(drop) : exchanged;
  });
}

ConnectionState ConnectionBook::state(const std::string& connection) const {
  if (attached(connection)) return {"attached", {}};
  const auto index = index_of(connection);
  const std::lock_guard lock(mutex_);
  return detached_state(index);
}

ConnectionState ConnectionBook::detached_state(std::size_t index) const {
  const auto& file = configs_[index].adapter;
  try {
    const bool has_adapter = entries_[index].now.current.adapter != nullptr || (file && is_there(*file));
    return {has_adapter ? "ready" : "no adapter", {}};
  } catch (const Error& error) {
    return {"unreadable", error.what()};
  }
}

}  // namespace lateral::runtime
