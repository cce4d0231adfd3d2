#include "host/options.hpp"

#include <algorithm>
#include <iomanip>
#include <map>
#include <sstream>

#include "core/base/text.hpp"
#include "host/input_name.hpp"
#include "host/option_spec.hpp"

#ifndef LATERAL_VERSION
#error "the build gives LATERAL_VERSION"
#endif

namespace lateral::host {
namespace {

using namespace option_spec;

void describe_config(po::options_description& options) {
  options.add_options()("config,c", po::value<std::string>()->value_name("FILE"), "configuration (TOML)")(
      "set", po::value<Texts>()->value_name("KEY=VALUE"), "override one key of it; may be repeated");
}

ConfigOptions config_of(const Spec& spec, const po::variables_map& values) {
  return {needed(spec, values, "config", "-c FILE"), texts_of(values, "set")};
}

InputFile input_of(const Spec& spec, const std::string& option, const std::string& value) {
  if (option != "input") return {option, "", value};  // --camera and --lidar
  const std::size_t equals = value.find('=');
  const auto name = parse_input_name(std::string_view(value).substr(0, equals));
  if (equals == value.npos || !name || equals + 1 == value.size()) {
    throw UsageError(spec.name, "--input: '" + value + "' is not ID[.NAME]=PATH");
  }
  return {name->plugin, name->input, value.substr(equals + 1)};
}

Spec demo_spec() {
  Spec spec{"demo", "[--out DIR] [--seed N]", "tell the night-drive story and write its page", {}, {}, {}};
  spec.describe = [](po::options_description& options) {
    options.add_options()("out,o", po::value<std::string>()->value_name("DIR"),
                          "folder for the page [lateral-demo]")(
        "seed", po::value<std::string>()->value_name("N"), "seed of the scenes [1]");
  };
  spec.build = [spec](const po::variables_map& values, const po::parsed_options&) {
    DemoOptions demo;
    if (values.count("out") != 0) demo.out = needed(spec, values, "out", "the folder after --out");
    demo.seed = number_of(spec, values, "seed", demo.seed);
    return Command(demo);
  };
  return spec;
}

Spec run_spec() {
  Spec spec{"run", "-c FILE", "a live host: questions and commands, one a line", describe_config, {}, {}};
  spec.build = [spec](const po::variables_map& values, const po::parsed_options&) {
    return Command(RunOptions{config_of(spec, values)});
  };
  return spec;
}

Spec ask_spec() {
  Spec spec{"ask", "-c FILE [--input ID[.NAME]=PATH ...] QUESTION", "answer one question", {}, {"question"},
            {}};
  spec.describe = [](po::options_description& options) {
    describe_config(options);
    options.add_options()("input,i", po::value<Texts>()->value_name("ID[.NAME]=PATH"),
                          "a file for a plugin's input; repeat it for further views")(
        "camera", po::value<Texts>()->value_name("PATH"), "short for --input camera=PATH")(
        "lidar", po::value<Texts>()->value_name("PATH"), "short for --input lidar=PATH");
  };
  spec.build = [spec](const po::variables_map& values, const po::parsed_options& parsed) {
    AskOptions ask{config_of(spec, values), {}, needed(spec, values, "question", "the question")};
    for (const auto& option : parsed.options) {  // the map would lose the order among the three
      const std::string& key = option.string_key;
      if (key != "input" && key != "camera" && key != "lidar") continue;
      for (const std::string& value : option.value) ask.inputs.push_back(input_of(spec, key, value));
    }
    return Command(ask);
  };
  return spec;
}

Spec adapt_spec() {
  Spec spec{"adapt",
            "-c FILE --plugin ID --data DIR [--teacher ID] [--budget TIME]",
            "train a plugin's connection",
            {},
            {},
            {}};
  spec.describe = [](po::options_description& options) {
    describe_config(options);
    options.add_options()("plugin,p", po::value<std::string>()->value_name("ID"),
                          "whose connection is trained")(
        "data,d", po::value<std::string>()->value_name("DIR"), "folder with samples.jsonl")(
        "teacher", po::value<std::string>()->value_name("ID"),
        "learn from this plugin instead of from answers")(
        "budget", po::value<std::string>()->value_name("TIME"), "e.g. 60s, 5m [the file's]")(
        "force", "keep also what failed its check");
  };
  spec.build = [spec](const po::variables_map& values, const po::parsed_options&) {
    AdaptOptions adapt{config_of(spec, values),
                       needed(spec, values, "plugin", "--plugin ID"),
                       needed(spec, values, "data", "--data DIR"),
                       {},
                       {},
                       values.count("force") != 0};
    if (values.count("teacher") != 0)
      adapt.teacher = needed(spec, values, "teacher", "the id after --teacher");
    if (adapt.teacher == adapt.plugin) throw UsageError(spec.name, "--teacher: a plugin cannot teach itself");
    if (values.count("budget") != 0) {
      const std::string time = text_of(values, "budget");
      adapt.budget_seconds = parse_duration(time);
      if (!adapt.budget_seconds)
        throw UsageError(spec.name, "--budget: '" + time + "' is no time such as 60s, 5m, 1h");
    }
    return Command(adapt);
  };
  return spec;
}

Spec eval_spec() {
  Spec spec{"eval", "-c FILE --data DIR [--report DIR]", "accuracy with intervals and controls", {}, {}, {}};
  spec.describe = [](po::options_description& options) {
    describe_config(options);
    options.add_options()("data,d", po::value<std::string>()->value_name("DIR"), "folder with samples.jsonl")(
        "report", po::value<std::string>()->value_name("DIR"), "also write a report there");
  };
  spec.build = [spec](const po::variables_map& values, const po::parsed_options&) {
    EvalOptions eval{config_of(spec, values), needed(spec, values, "data", "--data DIR"), {}};
    if (values.count("report") != 0)
      eval.report = needed(spec, values, "report", "the folder after --report");
    return Command(eval);
  };
  return spec;
}

void describe_search(po::options_description& options) {
  options.add_options()("search", po::value<Texts>()->value_name("DIR"),
                        "look for plugins here instead of beside the program and in LATERAL_PLUGIN_PATH");
}

Spec plugin_list_spec() {
  Spec spec{"plugin list", "[--search DIR ...]", "the plugins that can be found", describe_search, {}, {}};
  spec.build = [](const po::variables_map& values, const po::parsed_options&) {
    return Command(PluginListOptions{paths_of(values, "search")});
  };
  return spec;
}

Spec plugin_show_spec() {
  Spec spec{
      "plugin show", "ID|FILE [--search DIR ...]", "what one plugin is", describe_search, {"plugin"}, {}};
  spec.build = [spec](const po::variables_map& values, const po::parsed_options&) {
    return Command(PluginShowOptions{needed(spec, values, "plugin", "the plugin's id or file"),
                                     paths_of(values, "search")});
  };
  return spec;
}

Spec plugin_check_spec() {
  Spec spec{"plugin check",
            "FILE [--seed N] [--timeout T] [--only GROUP|ID] [--option KEY=VALUE] [--libtorch DIR]",
            "run one through everything that can go wrong",
            {},
            {"file"},
            {}};
  spec.describe = [](po::options_description& options) {
    options.add_options()("seed", po::value<std::string>()->value_name("N"), "of the made-up inputs [1]")(
        "timeout", po::value<std::string>()->value_name("T"), "for one test, e.g. 500ms, 10s [10s]")(
        "only", po::value<Texts>()->value_name("GROUP|ID"),
        "only these tests, e.g. static, numerics.finite; may be repeated")(
        "option", po::value<Texts>()->value_name("KEY=VALUE"),
        "an option for the plugin's init; may be repeated")(
        "libtorch", po::value<std::string>()->value_name("DIR"),
        "another libtorch than this program's, for plugins that compute with it");
  };
  spec.build = [spec](const po::variables_map& values, const po::parsed_options&) {
    PluginCheckOptions check{needed(spec, values, "file", "the plugin's file"), {}};
    const auto give_on = [&](const std::string& option, const std::string& value) {
      check.arguments.insert(check.arguments.end(), {option, value});
    };
    for (const char* const key : {"seed", "timeout", "libtorch"}) {
      if (values.count(key) != 0) give_on(std::string("--") + key, text_of(values, key));
    }
    for (const char* const key : {"only", "option"}) {
      for (const auto& text : texts_of(values, key)) give_on(std::string("--") + key, text);
    }
    return Command(check);
  };
  return spec;
}

Spec plugin_new_spec() {
  Spec spec{"plugin new",
            "NAME --lang c|cpp|rust [--dir DIR]",
            "a project for a plugin of your own",
            {},
            {"name"},
            {}};
  spec.describe = [](po::options_description& options) {
    options.add_options()("lang", po::value<std::string>()->value_name("LANG"), "c, cpp or rust")(
        "dir", po::value<std::string>()->value_name("DIR"), "folder for it [NAME]");
  };
  spec.build = [spec](const po::variables_map& values, const po::parsed_options&) {
    PluginNewOptions made{needed(spec, values, "name", "the plugin's name"),
                          needed(spec, values, "lang", "--lang c|cpp|rust"), text_of(values, "dir")};
    if (made.folder.empty()) made.folder = made.name;
    return Command(made);
  };
  return spec;
}

Spec model_show_spec() {
  Spec spec{"model show", "DIR", "what a model directory holds", [](po::options_description&) {},
            {"folder"},   {}};
  spec.build = [spec](const po::variables_map& values, const po::parsed_options&) {
    return Command(ModelShowOptions{needed(spec, values, "folder", "the model's folder")});
  };
  return spec;
}

Spec data_check_spec() {
  Spec spec{"data check", "DIR [--decode]", "all mistakes of a data directory at once", {}, {"folder"}, {}};
  spec.describe = [](po::options_description& options) {
    options.add_options()("decode", "also decode every picture, cloud and sound");
  };
  spec.build = [spec](const po::variables_map& values, const po::parsed_options&) {
    return Command(
        DataCheckOptions{needed(spec, values, "folder", "the folder"), values.count("decode") != 0});
  };
  return spec;
}

std::vector<Spec> make_specs() {
  std::vector<Spec> all{demo_spec(),       run_spec(),         ask_spec(),         adapt_spec(),
                        eval_spec(),       plugin_list_spec(), plugin_show_spec(), plugin_check_spec(),
                        plugin_new_spec(), model_show_spec(),  data_check_spec()};
  for (Spec& spec : import_specs()) all.push_back(std::move(spec));
  return all;
}

const std::vector<Spec>& specs() {
  static const std::vector<Spec> all = make_specs();
  return all;
}

void describe_common(po::options_description& options) {
  options.add_options()("help,h", "this text")("json", "JSON and nothing else on standard output")(
      "verbose,v", "say more on standard error; -vv says most");
}

po::options_description visible_options(const Spec& spec) {
  po::options_description options("options");
  spec.describe(options);
  describe_common(options);
  return options;
}

std::string help_of(const Spec& spec) {
  std::ostringstream text;
  text << "usage: lateral " << spec.name << ' ' << spec.arguments << "\n\n"
       << spec.summary << "\n\n"
       << visible_options(spec);
  return text.str();
}

std::string program_help() {
  std::ostringstream text;
  text << "usage: lateral COMMAND [options]\n\nLive modality plugins for a running language model.\n\n";
  for (const Spec& spec : specs()) {
    text << "  " << std::left << std::setw(22) << spec.name << spec.summary << '\n';
  }
  text << "\nEvery command has --help, --json and -v. Exit status: 0 done, 1 not all well, 2 usage, 3 "
          "request,\n"
          "4 data, 5 state, 6 system, 7 plugin, 8 deadline, 130 interrupted.\n";
  return text.str();
}

/// "; did you mean X?" or "; there are A, B, C".
std::string suggest(std::string_view word, const Texts& candidates) {
  if (const auto meant = nearest(word, candidates)) return "; did you mean '" + *meant + "'?";
  std::string list;
  for (const std::string& each : candidates) list += (list.empty() ? "; there are " : ", ") + each;
  return list;
}

Texts option_names(const Spec& spec) {
  Texts names;
  const auto options = visible_options(spec);  // named: the range below is a part of it
  for (const auto& option : options.options()) names.push_back("--" + option->long_name());
  return names;
}

/// -v may be repeated and combined, which Boost's switches cannot; taken out before Boost sees the rest.
Texts take_verbosity(Args args, CommonOptions& common) {
  Texts rest;
  bool only_words = false;
  for (const std::string& arg : args) {
    only_words = only_words || arg == "--";
    const bool short_form = arg.size() > 1 && arg[0] == '-' && arg.find_first_not_of('v', 1) == arg.npos;
    if (!only_words && (arg == "--verbose" || short_form)) {
      common.verbosity += arg == "--verbose" ? 1 : static_cast<int>(arg.size()) - 1;
    } else {
      rest.push_back(arg);
    }
  }
  return rest;
}

po::parsed_options parse_with(const Spec& spec, const po::options_description& all, const Texts& args) {
  po::positional_options_description positions;
  for (const std::string& name : spec.positional) positions.add(name.c_str(), 1);
  // No guessing: a script that works today must not break when a longer option appears.
  const int style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
  try {
    return po::command_line_parser(args).options(all).positional(positions).style(style).run();
  } catch (const po::unknown_option& error) {
    throw UsageError(spec.name, "unknown option '" + error.get_option_name() + "'" +
                                    suggest(error.get_option_name(), option_names(spec)));
  } catch (const po::too_many_positional_options_error&) {
    const bool question = spec.name == "ask";
    throw UsageError(spec.name, question ? "more than one question; put it in quotes" : "too many arguments");
  } catch (const po::error& error) {
    throw UsageError(spec.name, error.what());
  }
}

Options parse_command(const Spec& spec, Args args) {
  Options result;
  const Texts rest = take_verbosity(args, result.common);
  po::options_description all = visible_options(spec);
  for (const std::string& name : spec.positional) all.add_options()(name.c_str(), po::value<std::string>());
  const po::parsed_options parsed = parse_with(spec, all, rest);
  po::variables_map values;
  try {
    po::store(parsed, values);
  } catch (const po::error& error) {
    throw UsageError(spec.name, error.what());
  }
  result.common.json = values.count("json") != 0;
  result.command =
      values.count("help") != 0 ? Command(TextRequested{help_of(spec)}) : spec.build(values, parsed);
  return result;
}

Options text(std::string content) {
  return {{}, TextRequested{std::move(content)}};
}

/// The words of `args` that begin a command: "data import kitti".
std::string first_words(Args args, std::size_t count) {
  std::string words;
  for (std::size_t i = 0; i < std::min(count, args.size()); ++i) words += (i == 0 ? "" : " ") + args[i];
  return words;
}

/// The words that may follow `group`, each once; all first words of commands where it is empty.
Texts words_after(const std::string& group) {
  Texts words;
  const std::string before = group.empty() ? "" : group + " ";
  for (const Spec& spec : specs()) {
    if (!spec.name.starts_with(before)) continue;
    const std::string rest = spec.name.substr(before.size());
    const std::string word = rest.substr(0, rest.find(' '));
    if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
  }
  return words;
}

/// No command begins with `args`: says at which word it goes wrong.
[[noreturn]] void refuse_command(Args args) {
  std::string group;
  for (std::size_t depth = 0;; ++depth) {
    const Texts words = words_after(group);
    if (depth == args.size()) throw UsageError(group, "say what to do with it" + suggest("", words));
    if (std::find(words.begin(), words.end(), args[depth]) == words.end())
      throw UsageError(group, "unknown command '" + args[depth] + "'" + suggest(args[depth], words));
    group = first_words(args, depth + 1);
  }
}

}  // namespace

UsageError::UsageError(std::string_view command, std::string_view message)
    : Error(Errc::InvalidArgument, command.empty() ? "lateral" : "lateral " + std::string(command),
            std::string(message) + "\nsee: lateral " + std::string(command) + (command.empty() ? "" : " ") +
                "--help") {}

Options parse_options(std::span<const std::string> args) {
  if (args.empty()) throw UsageError("", "say what to do");
  if (args[0] == "--help" || args[0] == "-h" || args[0] == "help") return text(program_help());
  if (args[0] == "--version") return text("lateral " LATERAL_VERSION "\n");
  for (const Spec& spec : specs()) {
    const auto words = static_cast<std::size_t>(std::count(spec.name.begin(), spec.name.end(), ' ')) + 1;
    if (first_words(args, words) == spec.name) return parse_command(spec, args.subspan(words));
  }
  if (args.back() == "--help" || args.back() == "-h") return text(program_help());
  refuse_command(args);
}

}  // namespace lateral::host
