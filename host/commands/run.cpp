#include <unistd.h>

#include <memory>

#include "core/runtime/runtime.hpp"
#include "host/commands/commands.hpp"
#include "host/control_socket.hpp"
#include "host/describe.hpp"
#include "host/exit_codes.hpp"
#include "host/line_reader.hpp"
#include "host/output.hpp"
#include "host/session.hpp"
#include "host/signals.hpp"

namespace lateral::host {
namespace {

using format::json::Writer;

void load_configured(runtime::Runtime& runtime, EventSink& events) {
  for (const auto& result : runtime.load_configured()) {
    if (result.error.empty()) {
      events.emit("loaded", text_of(result), [&](Writer& json) { add_members(json, result); });
    } else {
      events.error("load " + result.plugin, Error(result.code, result.plugin, result.error));
    }
  }
}

void read_commands(Session& session, const StopSignal& stop, bool prompt) {
  LineReader lines(STDIN_FILENO, stop);
  for (bool more = true; more;) {
    if (prompt) std::fputs("> ", stderr);
    try {
      const auto line = lines.next();
      more = line && session.execute(*line);
    } catch (const std::exception& error) {
      session.note_failure("", error);
    }
  }
}

}  // namespace

int run_command(const RunOptions& options, const CommonOptions& common) {
  const CancelToken cancel;
  const StopSignal stop;
  const SignalWatcher signals([&] {
    cancel.cancel();
    stop.set();
  });
  const auto config = config::load(options.config.file, options.config.overrides);
  runtime::Runtime runtime(config);
  EventSink events(common.json, print_line);
  load_configured(runtime, events);

  std::unique_ptr<ControlSocket> control;
  if (config.run.control)
    control = std::make_unique<ControlSocket>(runtime, *config.run.control, common.json, cancel);
  const auto status = runtime.status();
  events.emit("ready", "ready: " + text_of(status), [&](Writer& json) { add_members(json, status); });

  Session session(runtime, events, cancel);
  read_commands(session, stop, !common.json && ::isatty(STDIN_FILENO) == 1);
  session.finish();
  if (cancel.cancelled()) return kExitInterrupted;
  return session.failed() ? kExitFailed : kExitOk;
}

}  // namespace lateral::host
