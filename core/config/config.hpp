#pragma once
// The TOML configuration of `lateral run`, `ask`, `adapt` and `eval` as typed structures. The only door to
// toml++. A file is read as a whole: every unknown key, wrong type, out-of-range value and duplicate is
// reported at once, each with file, line and column. Relative paths in the file are relative to the file; in
// `--set` to the working directory, where the shell completed them.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace lateral::config {

/// Where a value was written. Text: "night.toml:12:7", or "--set run.seed=x" for an override.
struct Location {
  std::string file;
  int line = 0, column = 0;  ///< from 1; 0 for an override

  std::string text() const;
};

/// What a plugin's own option may be; the same types as `lat_kv` of the plugin API.
using OptionValue = std::variant<std::string, std::int64_t, double, bool, std::vector<std::int64_t>>;

struct Option {
  std::string key;
  OptionValue value;
  Location where;
};

struct ModelConfig {
  std::filesystem::path path;     ///< a Hugging Face style directory
  std::string dtype = "float32";  ///< float32, float16 or bfloat16
  std::string chat = "auto";      ///< auto, on or off: whether questions go through the model's chat template
  std::string device = "cpu";     ///< cpu, cuda or cuda:N; whether libtorch has it is the runtime's business
  Location where;
};

/// True when a library is named by its file ("./x.so", "x.lateral.so"), not by its id.
bool names_a_file(std::string_view library);

/// Which library a plugin is an instance of: `id` or `file`, the other is empty.
struct LibraryConfig {
  std::string id;              ///< compiled into the library, which is looked for in the search folders
  std::filesystem::path file;  ///< absolute
  Location where;
};

/// One plugin: the library it is an instance of, where that runs, and its options.
struct PluginConfig {
  std::string id;  ///< of the table: what commands, connections, events and adapters call it
  /// Absent = the library with the same id.
  std::optional<LibraryConfig> library;
  /// "thread" or "process"; absent = "thread" for the plugins that come with the program, "process" for others.
  std::optional<std::string> isolation;
  bool sandbox = false;           ///< a process that may ask nothing of the system; not with "thread"
  std::string restart = "never";  ///< "never" or "on-failure": what happens when a process dies or hangs
  std::int64_t max_restarts = 5;  ///< in a row; each waits twice as long
  std::int64_t memory_limit = std::int64_t{2} << 30U;  ///< bytes of a process; written as "2GiB" or "512MiB"
  std::optional<double> load_timeout;  ///< seconds, for its static constructors and for its init, each
  std::optional<double> call_timeout;  ///< seconds, for an encode and whatever else it is asked
  std::vector<std::string> columns;    ///< of raw `.bin` point files, which cannot say them: x y z ...
  std::vector<Option> options;
  Location where;
};

/// The value of `blocks` as written; core/wiring gives it its meaning (BlockSet), because only there the
/// number of blocks is known.
struct BlocksConfig {
  std::variant<std::string, std::vector<std::int64_t>> value = "auto";
  Location where;

  bool automatic() const {
    const auto* const text = std::get_if<std::string>(&value);
    return text != nullptr && *text == "auto";
  }
};

struct ReduceConfig {
  std::string method = "none";
  std::optional<std::int64_t> max_tokens;
  Location where;
};

struct LoraConfig {
  std::int64_t rank = 8;
  double alpha = 32;  ///< the change is scaled by alpha / rank
};

struct ConnectionConfig {
  std::string name;     ///< default: the plugin's id; unique
  std::string plugin;   ///< a plugin id
  std::string encoder;  ///< one of the plugin's encoders; empty = its only one
  std::string method = "late-kv";
  BlocksConfig blocks;
  ReduceConfig reduce;
  std::optional<std::filesystem::path> adapter;  ///< without one the plugin loads and cannot be wired
  std::optional<LoraConfig> lora;
  Location where;
};

struct RunConfig {
  std::optional<std::vector<std::string>> load;  ///< plugins to begin with; absent = those of all connections
  std::optional<std::filesystem::path> control;  ///< a Unix socket to open
  std::int64_t threads = 0;                      ///< 0 = one for each core; fixed for the life of the host
  std::uint64_t seed = 0;
  std::int64_t max_new_tokens = 64;
  std::int64_t beams = 1;
  double temperature = 0;  ///< 0 = greedy
  std::int64_t top_k = 0;  ///< 0 = all
  double top_p = 1;
  double repetition_penalty = 1;
  std::vector<std::string> stop;  ///< an answer ends before the first of these texts
};

/// How `lateral adapt` trains. Rates are those measured best for the small models.
struct AdaptConfig {
  double budget_seconds = 60;  ///< written as "60s", "5m", "1h" or a number of seconds
  std::int64_t max_steps = 0;  ///< 0 = as many as the budget allows
  std::int64_t batch = 64;     ///< questions a step
  double aligner_rate = 2e-3;  ///< AdamW learning rates, with labels
  double link_rate = 1e-1;
  double lora_rate = 1e-3;
  double teach_rate = 1e-2;        ///< taught by an old sense (`--teacher`)
  std::int64_t teach_steps = 600;  ///< likewise
  double weight_decay = 0.05;      ///< of everything but links
  double token_dropout = 0.2;
  std::int64_t aligner_hidden = 128;
  bool summary = true;             ///< with labels that name whole moments: read a sample as a whole
  double held_out_share = 0.15;    ///< of the moments, kept for the check before publishing
  double checkpoint_seconds = 10;  ///< between two checkpoints: what a killed run loses at most
  std::uint64_t seed = 0;
};

struct Config {
  std::filesystem::path file;  ///< absolute
  ModelConfig model;
  std::vector<std::filesystem::path> plugin_search;  ///< empty = beside the program and LATERAL_PLUGIN_PATH
  bool plugin_strict = false;                        ///< refuse plugin files that any group may write
  std::vector<PluginConfig> plugins;                 ///< [plugin.ID], in file order
  std::vector<ConnectionConfig> connections;         ///< in file order
  RunConfig run;
  AdaptConfig adapt;

  /// The declared columns of a plugin's raw point files; empty where none are declared.
  std::vector<std::string> columns_of(std::string_view plugin) const;
};

/// Reads `file` and applies `overrides` ("run.seed=7", "plugin.camera.options.views=6",
/// "connection.0.blocks=last:2"; a value that is not TOML is taken as text, so that quotes may be left out).
/// Throws NotFound, Io, or InvalidArgument whose message has one line a mistake. A file that is not TOML
/// stops at its first syntax error.
Config load(const std::filesystem::path& file, std::span<const std::string> overrides = {});

/// The same on a text; `file` names it in messages and is the base of its relative paths.
Config parse(std::string_view text, const std::filesystem::path& file,
             std::span<const std::string> overrides = {});

}  // namespace lateral::config
