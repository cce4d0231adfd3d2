#pragma once
// The commands of `lateral run`, one a line, the same from terminal, pipe and control socket:
//
//   /load ID|FILE                   load a plugin, and attach its connections that have an adapter
//   /unload ID                      detach and unload it
//   /upgrade ID FILE [--adapter PATH]
//                                   another revision of it, in one step; the adapter if its tokens need another
//   /wire [ID...]                   attach exactly these connections; alone: all that can be attached
//   /status                         what is loaded and wired
//   /input ID[.NAME] PATH...        what a sensor sees: files, views in order
//   /ask [--bg] TEXT                a question; --bg answers in the background
//   /adapt ID DATA [--teacher ID] [--budget TIME] [--force] [--bg]
//                                   learn a connection from labels or from an older sense
//   /rollback ID                    undo the last change: of its adapter, or an upgrade
//   /quit                           end
//   anything else                   a question
//
// Words are separated by blanks; "..." and '...' keep blanks, and a backslash keeps the next character except inside
// '...'. The text of a question is taken as it stands, to the end of the line. Empty lines and lines that begin with
// '#' are nothing. A question that begins with '/' is written with /ask.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace lateral::host {

struct LoadCommand {
  std::string plugin;  ///< an id, or a file when it has a '/' or ends in ".so"
};
struct UnloadCommand {
  std::string plugin;
};
struct UpgradeCommand {
  std::string plugin;
  std::filesystem::path file;
  std::optional<std::filesystem::path> adapter;
};
struct WireCommand {
  std::vector<std::string> connections;  ///< empty = all that can be attached
};
struct StatusCommand {};
struct InputCommand {
  std::string plugin;
  std::string input;  ///< empty = the plugin's only input
  std::vector<std::filesystem::path> paths;
};
struct AskCommand {
  std::string question;
  bool background = false;
};
struct AdaptCommand {
  std::string plugin;
  std::filesystem::path data;
  std::optional<std::string> teacher;
  std::optional<double> budget_seconds;
  bool force = false;
  bool background = false;
};
struct RollbackCommand {
  std::string plugin;
};
struct QuitCommand {};

using RunCommand = std::variant<LoadCommand, UnloadCommand, UpgradeCommand, WireCommand, StatusCommand,
                                InputCommand, AskCommand, AdaptCommand, RollbackCommand, QuitCommand>;

/// Nothing for an empty line or a comment. Throws Error(InvalidArgument) that says how the command is
/// written. Bytes that are not UTF-8 and NUL are refused: they would break the JSON that answers them.
std::optional<RunCommand> parse_run_command(std::string_view line);

/// The grammar as text, for /help-like messages and documentation.
std::string_view run_command_help();

/// Splits a line into words by the rules above. Throws Error(InvalidArgument) for an open quote.
std::vector<std::string> split_words(std::string_view line);

}  // namespace lateral::host
