#include <map>

#include "core/base/error.hpp"
#include "core/runtime/runtime.hpp"
#include "host/commands/commands.hpp"
#include "host/describe.hpp"
#include "host/exit_codes.hpp"
#include "host/output.hpp"
#include "host/signals.hpp"

namespace lateral::host {
namespace {

// The plugins of a configuration that did not load cost this command: there is nobody to try again.
void load_all(runtime::Runtime& runtime) {
  for (const auto& result : runtime.load_configured()) {
    if (!result.error.empty()) fail(result.code, "plugin", result.plugin, " did not load: ", result.error);
  }
}

}  // namespace

int run_command(const AskOptions& options, const CommonOptions& common) {
  runtime::AskOptions asking;
  const SignalWatcher signals([cancel = asking.cancel] { cancel.cancel(); });
  runtime::Runtime runtime(config::load(options.config.file, options.config.overrides));
  load_all(runtime);

  std::map<std::string, runtime::InputFiles> files;
  for (const InputFile& input : options.inputs) files[input.plugin][input.input].push_back(input.path);
  for (const auto& [plugin, inputs] : files) runtime.set_input(plugin, inputs);

  const auto answer = runtime.ask(options.question, asking);
  if (common.json) {
    format::json::Writer json;
    json.begin_object().member("question", options.question);
    add_members(json, answer);
    json.end_object();
    print_line(std::move(json).text());
  } else {
    print_line(text_of(answer));
  }
  return kExitOk;
}

}  // namespace lateral::host
