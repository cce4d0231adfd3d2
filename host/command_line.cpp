#include "host/command_line.hpp"

#include <algorithm>
#include <array>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/format/utf8.hpp"
#include "host/input_name.hpp"

namespace lateral::host {
namespace {

using Words = std::vector<std::string>;

constexpr std::string_view kBlanks = " \t";
constexpr std::size_t kMaxLine = 1U << 20U;

constexpr std::string_view kHelp =
    "/load ID|FILE\n"
    "/unload ID\n"
    "/upgrade ID FILE [--adapter PATH]\n"
    "/wire [ID...]\n"
    "/status\n"
    "/input ID[.NAME] PATH...\n"
    "/ask [--bg] TEXT\n"
    "/adapt ID DATA [--teacher ID] [--budget TIME] [--force] [--bg]\n"
    "/rollback ID\n"
    "/quit\n"
    "anything else is a question\n";

/// A command's own line of kHelp.
std::string_view usage_of(std::string_view name) {
  const std::size_t at = kHelp.find(std::string(name));
  return kHelp.substr(at, kHelp.find('\n', at) - at);
}

template <typename... Parts>
[[noreturn]] void refuse(std::string_view name, const Parts&... parts) {
  fail(Errc::InvalidArgument, "command", parts..., "; usage: ", usage_of(name));
}

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

/// The words after a command, taken from the front.
class Arguments {
 public:
  Arguments(std::string_view name, std::string_view rest) : name_(name), words_(split_words(rest)) {}

  std::string take(std::string_view what) {
    if (next_ == words_.size() || words_[next_].empty()) refuse(name_, name_, " needs ", what);
    return words_[next_++];
  }
  bool empty() const { return next_ == words_.size(); }
  void end() const {
    if (!empty()) refuse(name_, name_, ": too much from '", shown(words_[next_]), "' on");
  }

 private:
  std::string_view name_;
  Words words_;
  std::size_t next_ = 0;
};

RunCommand parse_load(Arguments& in) {
  return LoadCommand{in.take("a plugin's id or file")};
}
RunCommand parse_unload(Arguments& in) {
  return UnloadCommand{in.take("a plugin's id")};
}
RunCommand parse_rollback(Arguments& in) {
  return RollbackCommand{in.take("a plugin's id")};
}
RunCommand parse_status(Arguments&) {
  return StatusCommand{};
}
RunCommand parse_quit(Arguments&) {
  return QuitCommand{};
}

RunCommand parse_upgrade(Arguments& in) {
  UpgradeCommand command;
  command.plugin = in.take("a plugin's id");
  command.file = in.take("the new file");
  while (!in.empty()) {
    const std::string option = in.take("an option");
    if (option != "--adapter") refuse("/upgrade", "/upgrade: unknown option '", shown(option), "'");
    command.adapter = in.take("a file after --adapter");
  }
  return command;
}

RunCommand parse_wire(Arguments& in) {
  WireCommand command;
  while (!in.empty()) command.connections.push_back(in.take("connections"));
  return command;
}

RunCommand parse_input(Arguments& in) {
  const std::string target = in.take("a plugin's id");
  const auto name = parse_input_name(target);
  if (!name) refuse("/input", "/input: '", shown(target), "' is not ID or ID.NAME");
  InputCommand command{name->plugin, name->input, {}};
  do {
    command.paths.emplace_back(in.take("at least one file"));
  } while (!in.empty());
  return command;
}

RunCommand parse_adapt(Arguments& in) {
  AdaptCommand command;
  command.plugin = in.take("a plugin's id");
  command.data = in.take("a data directory");
  while (!in.empty()) {
    const std::string option = in.take("an option");
    if (option == "--teacher") {
      command.teacher = in.take("the id of the teaching plugin after --teacher");
    } else if (option == "--budget") {
      const std::string time = in.take("a time after --budget");
      command.budget_seconds = parse_duration(time);
      if (!command.budget_seconds)
        refuse("/adapt", "/adapt: '", shown(time), "' is no time such as 60s, 5m, 1h");
    } else if (option == "--force") {
      command.force = true;
    } else if (option == "--bg") {
      command.background = true;
    } else {
      refuse("/adapt", "/adapt: unknown option '", shown(option), "'");
    }
  }
  return command;
}

struct Known {
  std::string_view name;
  RunCommand (*parse)(Arguments&);
};
constexpr std::array kKnown{
    Known{"/load", parse_load},   Known{"/unload", parse_unload},     Known{"/upgrade", parse_upgrade},
    Known{"/wire", parse_wire},   Known{"/status", parse_status},     Known{"/input", parse_input},
    Known{"/adapt", parse_adapt}, Known{"/rollback", parse_rollback}, Known{"/quit", parse_quit}};

/// The text is taken as it stands: an apostrophe in a question is not a quote.
RunCommand parse_ask(std::string_view rest) {
  constexpr std::string_view kBackground = "--bg";
  AskCommand command;
  if (rest.starts_with(kBackground) && (rest.size() == 4 || kBlanks.find(rest[4]) != kBlanks.npos)) {
    command.background = true;
    rest = trim(rest.substr(kBackground.size()));
  }
  if (rest.empty()) refuse("/ask", "/ask needs a question");
  command.question = rest;
  return command;
}

[[noreturn]] void refuse_unknown(std::string_view name) {
  std::vector<std::string> names{"/ask"};
  for (const Known& known : kKnown) names.emplace_back(known.name);
  const auto meant = nearest(name, names);
  std::string list;
  for (const std::string& each : names) list += " " + each;
  fail(Errc::InvalidArgument, "command", "unknown command ", shown(name),
       meant ? "; did you mean " + *meant + "?" : "; there are" + list,
       " A question that begins with '/' is written /ask /...");
}

void check_text(std::string_view line) {
  if (line.size() > kMaxLine) {
    fail(Errc::ResourceExhausted, "command", "a line has ", line.size(), " bytes; at most ", kMaxLine,
         " are read");
  }
  if (!format::utf8::is_valid(line)) fail(Errc::InvalidArgument, "command", "the line is not UTF-8");
  const auto control = [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
  };
  if (std::any_of(line.begin(), line.end(), control)) {
    fail(Errc::InvalidArgument, "command", "the line has control characters in it");
  }
}

/// One word of split_words; `line` begins at it and loses it.
std::string take_word(std::string_view& line) {
  std::string word;
  char quote = 0;
  std::size_t at = 0;
  for (; at < line.size(); ++at) {
    const char c = line[at];
    if (quote == 0 && kBlanks.find(c) != kBlanks.npos) break;
    if (c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == '\\' && quote != '\'' && at + 1 < line.size()) {
      word += line[++at];
    } else {
      word += c;
    }
  }
  if (quote != 0) fail(Errc::InvalidArgument, "command", "the quote ", quote, " is not closed");
  line.remove_prefix(at);
  return word;
}

}  // namespace

std::vector<std::string> split_words(std::string_view line) {
  Words words;
  while (true) {
    line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
    if (line.empty()) return words;
    words.push_back(take_word(line));
  }
}

std::optional<RunCommand> parse_run_command(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  check_text(line);
  line = trim(line);
  if (line.empty() || line.starts_with('#')) return std::nullopt;
  if (!line.starts_with('/')) return AskCommand{std::string(line), false};

  const std::string_view name = line.substr(0, line.find_first_of(kBlanks));
  const std::string_view rest = trim(line.substr(name.size()));
  if (name == "/ask") return parse_ask(rest);
  for (const Known& known : kKnown) {
    if (known.name != name) continue;
    Arguments arguments(known.name, rest);
    RunCommand command = known.parse(arguments);
    arguments.end();
    return command;
  }
  refuse_unknown(name);
}

std::string_view run_command_help() {
  return kHelp;
}

}  // namespace lateral::host
