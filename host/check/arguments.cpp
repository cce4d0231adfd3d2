#include "host/check/arguments.hpp"

#include <charconv>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace lateral::check {
namespace {

constexpr double kLongestTimeout = 3600;

template <typename... Parts>
[[noreturn]] void refuse(const Parts&... parts) {
  fail(Errc::InvalidArgument, "check", parts...);
}

std::uint64_t seed_of(const std::string& text) {
  std::uint64_t seed = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, seed);
  if (text.empty() || error != std::errc() || stop != end)
    refuse("--seed: '", text, "' is not a whole number");
  return seed;
}

std::chrono::milliseconds timeout_of(const std::string& text) {
  const auto seconds = parse_duration(text);
  if (!seconds || *seconds > kLongestTimeout || *seconds < 0.01) {
    refuse("--timeout: '", text, "' is no time such as 500ms, 10s, 1m");
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>(*seconds * 1000));
}

std::pair<std::string, std::string> option_of(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos) refuse("--option: '", text, "' is not KEY=VALUE");
  return {text.substr(0, equals), text.substr(equals + 1)};
}

void add_groups(const std::string& list, std::vector<std::string>& only) {
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    if (end == begin) refuse("--only: '", list, "' names nothing");
    only.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
}

}  // namespace

Arguments parse_arguments(std::span<const std::string> args) {
  Arguments result;
  auto& settings = result.settings;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const std::string& word = args[i];
    const auto value = [&]() -> const std::string& {
      if (i + 1 == args.size()) refuse(word, " needs a value");
      return args[++i];
    };
    if (word == "--json") {
      result.json = true;
    } else if (word == "--help" || word == "-h") {
      result.help = true;
    } else if (word == "--seed") {
      settings.seed = seed_of(value());
    } else if (word == "--timeout") {
      settings.timeout = timeout_of(value());
    } else if (word == "--only") {
      add_groups(value(), settings.only);
    } else if (word == "--option") {
      settings.options.push_back(option_of(value()));
    } else if (word == "--libtorch") {
      settings.libtorch = value();
    } else if (word.starts_with("-") && word.size() > 1) {
      refuse("unknown option '", word, "'");
    } else if (!settings.file.empty()) {
      refuse("more than one file: '", word, "'");
    } else {
      settings.file = word;
    }
  }
  if (settings.file.empty() && !result.help) refuse("say which plugin's file");
  return result;
}

std::string usage() {
  return "usage: lateral plugin check FILE [--json] [--seed N] [--timeout T] [--only GROUP|ID] [--option "
         "KEY=VALUE] [--libtorch DIR]\n"
         "\n"
         "Runs a plugin through everything that can go wrong, in child processes that are killed when they "
         "hang.\n"
         "\n"
         "  --json              a JSON report on standard output\n"
         "  --seed N            of the made-up inputs [1]\n"
         "  --timeout T         for one test, e.g. 500ms, 10s [10s]\n"
         "  --only GROUP|ID     only these tests, e.g. static, contract.plan, numerics.finite; may be "
         "repeated\n"
         "  --option KEY=VALUE  an option for the plugin's init; may be repeated. VALUE is a whole number, a "
         "number, "
         "true,\n"
         "                      false, a list as [1, 2], else a text (\"7\" in quotes, too)\n"
         "  --libtorch DIR      the libtorch of the host that the plugin is for, if it computes with it "
         "[that of "
         "`lateral`,\n"
         "                      of LATERAL_TORCH, or in LD_LIBRARY_PATH]\n"
         "\n"
         "Exit status: 0 it conforms (there may be warnings), 1 it does not, 2 the check cannot run.\n";
}

}  // namespace lateral::check
