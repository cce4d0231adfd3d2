#include "core/config/config.hpp"

#include <map>
#include <set>

#include "core/base/file.hpp"
#include "core/config/table_reader.hpp"

namespace lateral::config {
namespace {

constexpr std::uint64_t kMaxFileBytes = 1U << 20U;
constexpr std::int64_t kMinMemory = 16LL << 20U;  // a worker with nothing in it needs some
constexpr std::int64_t kMaxInt = 1LL << 40U;      // steps and sizes: beyond any use, and safe to multiply

void read_model(TableReader& in, ModelConfig& model) {
  model.where = in.where();
  in.require("path");
  in.path("path", model.path);
  in.choice("dtype", model.dtype, {"float32", "float16", "bfloat16"});
  in.choice("chat", model.chat, {"auto", "on", "off"});
  in.text("device", model.device);
  const std::string_view device = model.device;
  const bool numbered = device.starts_with("cuda:") && device.size() > 5 && device.size() <= 8 &&
                        device.find_first_not_of("0123456789", 5) == device.npos;
  if (device != "cpu" && device != "cuda" && !numbered)
    in.wrong_type("device", "\"cpu\", \"cuda\" or \"cuda:N\"");
}

std::optional<OptionValue> option_value(const toml::node& node) {
  if (node.is_string()) return node.as_string()->get();
  if (node.is_integer()) return node.as_integer()->get();
  if (node.is_floating_point()) return node.as_floating_point()->get();
  if (node.is_boolean()) return node.as_boolean()->get();
  const toml::array* const list = node.as_array();
  if (list == nullptr || (!list->empty() && !list->is_homogeneous<std::int64_t>())) return std::nullopt;
  std::vector<std::int64_t> numbers;
  for (const toml::node& item : *list) numbers.push_back(item.as_integer()->get());
  return numbers;
}

/// The plugin knows its own keys; here only their types are looked at. It has no tables: [plugin.ID.options.input] with
/// kind = "audio" is the key "input.kind".
void read_options(TableReader& in, const std::string& prefix, std::set<std::string>& names,
                  std::vector<Option>& options) {
  for (const auto& [key, node] : in.members()) {
    const std::string name = prefix + key;
    if (node->is_table()) {
      in.table(key, [&](TableReader& inner) { read_options(inner, name + ".", names, options); });
      continue;
    }
    auto value = option_value(*node);
    if (!value) {
      in.wrong_type(key, "a text, a number, true or false, a list of integers, or a table of these");
    } else if (!names.insert(name).second) {
      in.report(key, "\"", name, "\" is written twice");
    } else {
      options.push_back({name, std::move(*value), in.where(key)});
    }
  }
}

void read_library(TableReader& in, std::optional<LibraryConfig>& library) {
  const toml::node* const node = in.node("library");
  if (node == nullptr) return;
  const std::string name = node->is_string() ? node->as_string()->get() : std::string();
  LibraryConfig found{.id = {}, .file = {}, .where = in.where("library")};
  if (names_a_file(name)) {
    in.path("library", found.file);
  } else if (is_id(name)) {
    found.id = name;
  } else {
    return in.wrong_type("library", "the id of a library, or a path with a / in it or ending in .so");
  }
  library = std::move(found);
}

void read_plugin(TableReader& in, PluginConfig& plugin) {
  plugin.where = in.where();
  read_library(in, plugin.library);
  if (in.node("isolation") != nullptr)
    in.choice("isolation", plugin.isolation.emplace("process"), {"thread", "process"});
  in.boolean("sandbox", plugin.sandbox);
  if (plugin.sandbox && plugin.isolation == "thread") {
    in.report("sandbox", "a thread of the host cannot be sandboxed; write isolation = \"process\"");
  }
  in.choice("restart", plugin.restart, {"never", "on-failure"});
  in.integer("max_restarts", plugin.max_restarts, 1, 1'000'000);
  in.bytes("memory_limit", plugin.memory_limit, kMinMemory);
  if (in.node("load_timeout") != nullptr) in.seconds("load_timeout", plugin.load_timeout.emplace());
  if (in.node("call_timeout") != nullptr) in.seconds("call_timeout", plugin.call_timeout.emplace());
  in.texts("columns", plugin.columns);
  std::set<std::string> names;
  in.table("options", [&](TableReader& options) { read_options(options, "", names, plugin.options); });
}

void read_blocks(TableReader& in, BlocksConfig& blocks) {
  blocks.where = in.where("blocks");
  const toml::node* const node = in.node("blocks");
  if (node == nullptr) return;
  auto value = option_value(*node);
  auto* const text = value ? std::get_if<std::string>(&*value) : nullptr;
  auto* const list = value ? std::get_if<std::vector<std::int64_t>>(&*value) : nullptr;
  if (text != nullptr && !text->empty()) {
    blocks.value = std::move(*text);
  } else if (list != nullptr && !list->empty()) {
    blocks.value = std::move(*list);
  } else {
    in.wrong_type("blocks", "\"last:4\", \"3..6\", \"all\", \"auto\" or a list such as [4, 5, 6]");
  }
}

void read_connection(TableReader& in, ConnectionConfig& connection) {
  connection.where = in.where();
  in.require("plugin");
  in.id("plugin", connection.plugin);
  connection.name = connection.plugin;
  in.id("name", connection.name);
  in.text("encoder", connection.encoder);
  in.text("method", connection.method);
  read_blocks(in, connection.blocks);
  connection.reduce.where = in.where("reduce");
  in.table("reduce", [&](TableReader& reduce) {
    reduce.require("method");
    reduce.text("method", connection.reduce.method);
    std::int64_t max_tokens = 0;
    reduce.integer("max_tokens", max_tokens, 1, 65536);
    if (max_tokens > 0) connection.reduce.max_tokens = max_tokens;
  });
  in.path("adapter", connection.adapter);
  in.table("lora", [&](TableReader& lora) {
    LoraConfig& value = connection.lora.emplace();
    lora.integer("rank", value.rank, 1, 4096);
    lora.real("alpha", value.alpha, 1e-6, 1e6);
  });
}

void read_run(TableReader& in, RunConfig& run) {
  if (in.node("load") != nullptr) in.texts("load", run.load.emplace());
  in.path("control", run.control);
  in.integer("threads", run.threads, 0, 1024);
  in.seed("seed", run.seed);
  in.integer("max_new_tokens", run.max_new_tokens, 1, 65536);
  in.integer("beams", run.beams, 1, 64);
  in.real("temperature", run.temperature, 0, 100);
  in.integer("top_k", run.top_k, 0, kMaxInt);
  in.real("top_p", run.top_p, 1e-6, 1);
  in.real("repetition_penalty", run.repetition_penalty, 0.01, 100);
  in.texts("stop", run.stop);
  if (run.beams > 1 && run.temperature > 0)
    in.report("beams", "beams do not go with temperature; leave one out");
}

void read_adapt(TableReader& in, AdaptConfig& adapt) {
  in.seconds("budget", adapt.budget_seconds);
  in.integer("max_steps", adapt.max_steps, 0, kMaxInt);
  in.integer("batch", adapt.batch, 1, 65536);
  in.real("aligner_rate", adapt.aligner_rate, 0, 10);
  in.real("link_rate", adapt.link_rate, 0, 10);
  in.real("lora_rate", adapt.lora_rate, 0, 10);
  in.real("teach_rate", adapt.teach_rate, 0, 10);
  in.integer("teach_steps", adapt.teach_steps, 1, kMaxInt);
  in.real("weight_decay", adapt.weight_decay, 0, 10);
  in.real("token_dropout", adapt.token_dropout, 0, 0.95);
  in.integer("aligner_hidden", adapt.aligner_hidden, 1, 65536);
  in.boolean("summary", adapt.summary);
  in.real("held_out_share", adapt.held_out_share, 0, 0.9);
  in.seconds("checkpoint", adapt.checkpoint_seconds);
  in.seed("seed", adapt.seed);
}

/// Names are how commands and wirings speak of connections.
void check_names(const std::vector<ConnectionConfig>& connections, Problems& problems) {
  std::map<std::string, Location> seen;
  for (const ConnectionConfig& connection : connections) {
    if (connection.name.empty()) continue;  // reported already
    const auto [at, fresh] = seen.try_emplace(connection.name, connection.where);
    if (!fresh) {
      problems.add(connection.where, "connection: the name \"", connection.name, "\" is taken by the one at ",
                   at->second.text(), "; give this one a `name`");
    }
  }
}

PluginConfig named(const std::string& id) {
  PluginConfig plugin;
  plugin.id = id;
  return plugin;
}

void read_root(TableReader& in, Config& config, Problems& problems) {
  in.require("model");
  in.table("model", [&](TableReader& model) { read_model(model, config.model); });
  in.table("plugins", [&](TableReader& plugins) {
    plugins.paths("search", config.plugin_search);
    plugins.boolean("strict", config.plugin_strict);
  });
  in.named_tables("plugin", [&](const std::string& id, TableReader& plugin) {
    read_plugin(plugin, config.plugins.emplace_back(named(id)));
  });
  in.tables("connection",
            [&](TableReader& connection) { read_connection(connection, config.connections.emplace_back()); });
  in.table("run", [&](TableReader& run) { read_run(run, config.run); });
  in.table("adapt", [&](TableReader& adapt) { read_adapt(adapt, config.adapt); });
  in.finish();
  check_names(config.connections, problems);
}

}  // namespace

bool names_a_file(std::string_view library) {
  return library.find('/') != library.npos || library.ends_with(".so");
}

std::vector<std::string> Config::columns_of(std::string_view plugin) const {
  for (const PluginConfig& known : plugins) {
    if (known.id == plugin) return known.columns;
  }
  return {};
}

Config parse(std::string_view text, const std::filesystem::path& file,
             std::span<const std::string> overrides) {
  Problems problems;
  const toml::table root = read_document(text, file, overrides, problems);
  Config config;
  config.file = std::filesystem::absolute(file).lexically_normal();
  Context context{problems, config.file.parent_path(), false};
  TableReader reader(context, root, "");
  read_root(reader, config, problems);
  problems.throw_if_any();
  return config;
}

Config load(const std::filesystem::path& file, std::span<const std::string> overrides) {
  return parse(read_text(file, kMaxFileBytes), file, overrides);
}

}  // namespace lateral::config
