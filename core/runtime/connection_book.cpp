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
                               std::shared_ptr<connector::ConnectorManager> manager)
    : language_(std::move(language)),
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
  Trained& current = entries_[index].current;
  if (current.adapter != nullptr) {
    if (const auto difference = connector::differences(current.adapter->info(), use_of(encoder));
        !difference.empty()) {
      fail(Errc::AbiMismatch, kWhere, config.name, " does not fit the plugin any more: ", difference);
    }
    return current;
  }
  if (!config.adapter || !std::filesystem::exists(*config.adapter)) {
    fail(Errc::FailedPrecondition, kWhere, config.name, " has no adapter",
         config.adapter ? " (" + config.adapter->string() + " is not there)" : std::string(), "; ",
         how_to_train(config));
  }
  current = from_disk(config, *config.adapter, encoder);
  return current;
}

std::shared_ptr<const connector::Adapter> ConnectionBook::adapter_for(const std::string& connection,
                                                                      const plugin::EncoderSpec& encoder) {
  const auto index = index_of(connection);
  const std::lock_guard lock(mutex_);
  return current(index, encoder).adapter;
}

void ConnectionBook::attach(const std::string& connection, const plugin::EncoderSpec& encoder) {
  const auto index = index_of(connection);
  const std::lock_guard lock(mutex_);
  manager_->replace(current(index, encoder).connection);
}

bool ConnectionBook::attached(const std::string& connection) const {
  return manager_->lease()->find(connection) != nullptr;
}

void ConnectionBook::detach(const std::string& connection) {
  manager_->detach(connection);
}

connector::AdapterInfo ConnectionBook::fresh_info(const config::ConnectionConfig& connection,
                                                  const plugin::EncoderSpec& encoder, std::int64_t inner,
                                                  std::uint64_t seed) const {
  const auto& spec = language_->decoder().spec();
  connector::AdapterInfo info{.base_model = language_->identity(),
                              .token_space = encoder.token_space,
                              .plugin = connection.plugin,
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
  Entry& entry = entries_[index];
  if (save) {
    const auto* const unsaved = entry.current.saved ? nullptr : entry.current.adapter.get();
    save_keeping_previous(*config.adapter, *next.adapter, unsaved);
    next.saved = true;
  }
  manager_->replace(next.connection);
  auto former = std::exchange(entry.current, std::move(next));
  entry.former = save ? std::nullopt : std::optional(std::move(former));
  return save ? *config.adapter : std::filesystem::path();
}

void ConnectionBook::rollback(const std::string& connection, const plugin::EncoderSpec& encoder) {
  const auto index = index_of(connection);
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_[index];
  if (entry.former) {
    roll_back_memory(entry, configs_[index], encoder);
  } else {
    roll_back_files(entry, configs_[index], encoder);
  }
  manager_->replace(entry.current.connection);
}

void ConnectionBook::roll_back_memory(Entry& entry, const config::ConnectionConfig& config,
                                      const plugin::EncoderSpec& encoder) const {
  Trained& former = *entry.former;
  if (former.adapter == nullptr) refuse_rollback(config);
  if (const auto difference = connector::differences(former.adapter->info(), use_of(encoder));
      !difference.empty()) {
    fail(Errc::AbiMismatch, kWhere, config.name,
         ": the former adapter does not fit the plugin: ", difference);
  }
  std::swap(entry.current, former);
}

void ConnectionBook::roll_back_files(Entry& entry, const config::ConnectionConfig& config,
                                     const plugin::EncoderSpec& encoder) const {
  if (!config.adapter || !std::filesystem::exists(previous_of(*config.adapter))) refuse_rollback(config);
  auto former = from_disk(config, previous_of(*config.adapter), encoder);
  exchange_with_previous(*config.adapter);
  entry.current = std::move(former);
}

std::string ConnectionBook::state(const std::string& connection) const {
  if (attached(connection)) return "attached";
  const auto index = index_of(connection);
  const std::lock_guard lock(mutex_);
  const bool has_file = configs_[index].adapter && std::filesystem::exists(*configs_[index].adapter);
  return entries_[index].current.adapter != nullptr || has_file ? "ready" : "no adapter";
}

}  // namespace lateral::runtime
