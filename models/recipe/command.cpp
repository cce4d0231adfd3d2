#include "models/recipe/command.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "core/base/error.hpp"

namespace lateral::recipe {
namespace {

std::uint64_t number(const std::string& flag, const std::string& text, std::uint64_t most) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > most) {
    fail(Errc::InvalidArgument, "recipe", flag, " needs a whole number up to ", most, ", not \"", text, '"');
  }
  return value;
}

std::string stage(const std::string& name) {
  if (std::find(std::begin(kStages), std::end(kStages), name) != std::end(kStages)) return name;
  std::string known;
  for (const char* const each : kStages) known += (known.empty() ? "" : ", ") + std::string(each);
  fail(Errc::InvalidArgument, "recipe", "no stage \"", name, "\"; there are ", known);
}

}  // namespace

const char* const kUsage =
    "usage: ./dev models [options]      (or lateral-recipe)\n\n"
    "Makes the embedded models from seeds. Interrupted at any moment, it goes on where it was and ends with "
    "the same\n"
    "bytes.\n\n"
    "  --quick          tiny models in two minutes, to see that everything learns\n"
    "  --out DIR        where the models go        (default: models; with --quick "
    "build/recipe-quick/models)\n"
    "  --work DIR       where checkpoints are kept (default: build/recipe; with --quick build/recipe-quick)\n"
    "  --stage NAME     only this stage: tokenizer, camera, lidar, language or connection\n"
    "  --seed N         another set of models      (default: 1)\n"
    "  --threads N      of each operation; another number gives other last bits (default: 1)\n";

Command parse_command(const std::vector<std::string>& arguments) {
  Command command;
  bool out_given = false, work_given = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& flag = arguments[i];
    const auto value = [&]() -> const std::string& {
      if (i + 1 == arguments.size()) fail(Errc::InvalidArgument, "recipe", flag, " needs a value");
      return arguments[++i];
    };
    if (flag == "--help" || flag == "-h") {
      command.help = true;
    } else if (flag == "--quick") {
      command.quick = true;
    } else if (flag == "--out") {
      command.out = value();
      out_given = true;
    } else if (flag == "--work") {
      command.work = value();
      work_given = true;
    } else if (flag == "--stage") {
      command.stages.insert(stage(value()));
    } else if (flag == "--seed") {
      command.seed = number(flag, value(), UINT64_MAX);
    } else if (flag == "--threads") {
      command.threads = static_cast<int>(std::max<std::uint64_t>(1, number(flag, value(), 256)));
    } else {
      fail(Errc::InvalidArgument, "recipe", "no option \"", flag, "\"; see --help");
    }
  }
  if (command.quick && !work_given) command.work = "build/recipe-quick";
  if (command.quick && !out_given) command.out = command.work / "models";
  return command;
}

}  // namespace lateral::recipe
