#pragma once
// The command line of `lateral` as typed values. Boost.Program_options stays behind it
// (host/option_spec.hpp). Parsing has no side effects: `--help` and `--version` come back as text for the
// caller to print.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/error.hpp"
#include "core/dataset/drivelm.hpp"
#include "core/dataset/folder.hpp"
#include "core/dataset/kitti.hpp"
#include "core/dataset/nuscenes.hpp"
#include "core/dataset/windows.hpp"

namespace lateral::host {

/// A command line that cannot be understood; exit status 2 (kExitUsage).
class UsageError : public Error {
 public:
  /// `command` is e.g. "ask" or "plugin show", empty for the program itself.
  UsageError(std::string_view command, std::string_view message);
};

/// What every command takes.
struct CommonOptions {
  bool json = false;  ///< JSON and nothing else on standard output
  int verbosity = 0;  ///< -v debug, -vv trace
};

/// A configuration file and what overrides it.
struct ConfigOptions {
  std::filesystem::path file;
  std::vector<std::string> overrides;  ///< "key=value"
};

/// ID[.NAME]=PATH: a file for one of a plugin's inputs; several with the same name are views, in order.
struct InputFile {
  std::string plugin;
  std::string input;  ///< empty = the plugin's only input
  std::filesystem::path path;
};

struct TextRequested {
  std::string text;  ///< print it and end with status 0
};
struct DemoOptions {
  std::filesystem::path out = "lateral-demo";
  std::uint64_t seed = 1;
};
struct RunOptions {
  ConfigOptions config;
};
struct AskOptions {
  ConfigOptions config;
  std::vector<InputFile> inputs;  ///< --input, --camera and --lidar in the order given
  std::string question;
};
struct AdaptOptions {
  ConfigOptions config;
  std::string plugin;
  std::filesystem::path data;
  std::optional<std::string> teacher;
  std::optional<double> budget_seconds;  ///< absent = the file's [adapt] budget
  bool force = false;                    ///< attach and keep also what failed its check
};
struct EvalOptions {
  ConfigOptions config;
  std::filesystem::path data;
  std::optional<std::filesystem::path> report;
};
struct PluginListOptions {
  std::vector<std::filesystem::path> search;  ///< empty = the usual places
};
struct PluginShowOptions {
  std::string plugin;  ///< an id, or a file when it has a '/' or ends in ".so"
  std::vector<std::filesystem::path> search;
};
/// `lateral plugin check`: given on to lateral-check as it is, which judges the values.
struct PluginCheckOptions {
  std::string file;
  std::vector<std::string> arguments;  ///< "--seed", "7", ...
};
struct PluginNewOptions {
  std::string name;
  std::string language;
  std::filesystem::path folder;
};
struct ModelShowOptions {
  std::filesystem::path folder;
};
struct DataCheckOptions {
  std::filesystem::path folder;
  bool decode = false;  ///< also decode every file
};
/// `lateral data import FORMAT`
struct DataImportOptions {
  std::variant<dataset::FolderImport, dataset::WindowsImport, dataset::NuScenesImport, dataset::KittiImport,
               dataset::DriveLmImport>
      import;
  std::filesystem::path out;      ///< where samples.jsonl is written
  std::filesystem::path answers;  ///< of a folder or windows: the file of answers by label; may be empty
  bool replace = false;           ///< a samples.jsonl that is there
};

using Command = std::variant<TextRequested, DemoOptions, RunOptions, AskOptions, AdaptOptions, EvalOptions,
                             PluginListOptions, PluginShowOptions, PluginCheckOptions, PluginNewOptions,
                             ModelShowOptions, DataCheckOptions, DataImportOptions>;

struct Options {
  CommonOptions common;
  Command command;
};

/// `args` without the program's name. Throws UsageError, with a suggestion for a mistyped command or option.
Options parse_options(std::span<const std::string> args);

}  // namespace lateral::host
