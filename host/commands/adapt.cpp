#include "core/base/error.hpp"
#include "core/runtime/runtime.hpp"
#include "host/commands/commands.hpp"
#include "host/describe.hpp"
#include "host/exit_codes.hpp"
#include "host/output.hpp"
#include "host/signals.hpp"

namespace lateral::host {
namespace {

void load(runtime::Runtime& runtime, const std::string& plugin) {
  const auto status = runtime.status();
  for (const auto& loaded : status.plugins) {
    if (loaded.id == plugin) return;
  }
  runtime.load(plugin);
}

}  // namespace

int run_command(const AdaptOptions& options, const CommonOptions& common) {
  runtime::AdaptRequest request;
  const SignalWatcher signals([cancel = request.cancel] { cancel.cancel(); });
  runtime::Runtime runtime(config::load(options.config.file, options.config.overrides));
  load(runtime, options.plugin);
  if (options.teacher) load(runtime, *options.teacher);

  ProgressLine line;
  request.plugin = options.plugin;
  request.recordings = runtime.recordings(options.data);
  request.teacher = options.teacher;
  request.budget_seconds = options.budget_seconds;
  request.force = options.force;
  request.progress = progress_on(line);
  const auto result = runtime.adapt(request);
  line.clear();
  if (common.json) {
    format::json::Writer json;
    json.begin_object();
    add_members(json, result);
    json.end_object();
    print_line(std::move(json).text());
  } else {
    print_line(text_of(result));
  }
  return result.attached ? kExitOk : kExitState;
}

}  // namespace lateral::host
