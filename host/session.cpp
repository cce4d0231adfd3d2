#include "host/session.hpp"

#include <utility>

#include "core/base/error.hpp"
#include "host/describe.hpp"
#include "host/progress_line.hpp"

namespace lateral::host {

using format::json::Writer;

Session::Session(runtime::Runtime& runtime, EventSink& events, CancelToken cancel)
    : runtime_(runtime), events_(events), cancel_(std::move(cancel)) {}

Session::~Session() {
  finish();
}

void Session::finish() {
  for (Background& work : background_) work.thread.join();
  background_.clear();
}

// A thread that ended keeps its stack until it is joined.
void Session::reap() {
  for (auto work = background_.begin(); work != background_.end();) {
    if (!work->done) {
      ++work;
      continue;
    }
    work->thread.join();
    work = background_.erase(work);
  }
}

void Session::note_failure(std::string_view command, const std::exception& error) {
  failed_ = true;
  events_.error(command, error);
}

bool Session::execute(std::string_view line) {
  try {
    if (const auto command = parse_run_command(line)) {
      std::visit([this](const auto& known) { run(known); }, *command);
    }
  } catch (const std::exception& error) {
    note_failure(line, error);
  }
  return !quit_;
}

template <typename Work>
void Session::in_background(std::string command, Work work) {
  reap();
  Background& slot = background_.emplace_back();
  try {
    slot.thread = std::thread([this, &slot, command = std::move(command), work = std::move(work)] {
      try {
        work();
      } catch (const std::exception& error) {
        note_failure(command, error);
      }
      slot.done = true;
    });
  } catch (...) {
    background_.pop_back();  // no thread, nothing to join
    throw;
  }
}

void Session::run(const LoadCommand& command) {
  const auto result = runtime_.load(command.plugin);
  events_.emit("loaded", text_of(result), [&](Writer& json) { add_members(json, result); });
}

void Session::run(const UnloadCommand& command) {
  const auto result = runtime_.unload(command.plugin);
  events_.emit("unloaded", text_of(result), [&](Writer& json) { add_members(json, result); });
}

void Session::run(const UpgradeCommand& command) {
  const auto result = runtime_.upgrade(command.plugin, command.file, command.adapter);
  events_.emit("upgraded", text_of(result), [&](Writer& json) { add_members(json, result); });
}

void Session::run(const WireCommand& command) {
  const auto attached = runtime_.wire(command.connections);
  events_.emit("wired", "attached: " + joined(attached),
               [&](Writer& json) { add_strings(json, "attached", attached); });
}

void Session::run(const StatusCommand&) {
  const auto status = runtime_.status();
  events_.emit("status", text_of(status), [&](Writer& json) { add_members(json, status); });
}

void Session::run(const InputCommand& command) {
  runtime_.set_input(command.plugin, {{command.input, command.paths}});
  std::vector<std::string> files;
  for (const auto& path : command.paths) files.push_back(path.string());
  events_.emit("input", command.plugin + " sees " + joined(files), [&](Writer& json) {
    json.member("plugin", command.plugin);
    add_strings(json, "files", files);
  });
}

void Session::answer(std::int64_t number, const std::string& question, bool background) {
  runtime::AskOptions options;
  options.cancel = cancel_;
  const auto answer = runtime_.ask(question, options);
  const std::string label = background ? "[" + std::to_string(number) + "] " : std::string();
  events_.emit("answer", label + text_of(answer), [&](Writer& json) {
    json.member("ask", number).member("question", question);
    add_members(json, answer);
  });
}

void Session::run(const AskCommand& command) {
  const std::int64_t number = ++asked_;
  if (!command.background) {
    answer(number, command.question, false);
    return;
  }
  events_.emit("asked", "[" + std::to_string(number) + "] " + command.question,
               [&](Writer& json) { json.member("ask", number).member("question", command.question); });
  in_background("/ask --bg " + command.question,
                [this, number, question = command.question] { answer(number, question, true); });
}

void Session::adapt(const AdaptCommand& command) {
  ProgressLine line;
  runtime::AdaptRequest request;
  request.plugin = command.plugin;
  request.recordings = runtime_.recordings(command.data);
  request.teacher = command.teacher;
  request.budget_seconds = command.budget_seconds;
  request.force = command.force;
  request.cancel = cancel_;
  request.progress = [&](const runtime::WorkProgress& progress) {
    if (!events_.json()) {
      line.show(progress.phase, progress.step, progress.steps, progress.seconds_left,
                "loss " + rounded(progress.loss, 3));
      return;
    }
    events_.emit("progress", {}, [&](Writer& json) {
      json.member("phase", progress.phase)
          .member("step", progress.step)
          .member("steps", progress.steps)
          .member("loss", progress.loss)
          .member("seconds_left", progress.seconds_left);
    });
  };
  const auto result = runtime_.adapt(request);
  line.clear();
  events_.emit("adapted", text_of(result), [&](Writer& json) { add_members(json, result); });
  if (!result.attached) failed_ = true;
}

void Session::run(const AdaptCommand& command) {
  if (!command.background) {
    adapt(command);
    return;
  }
  in_background("/adapt --bg " + command.plugin, [this, command] { adapt(command); });
}

void Session::run(const RollbackCommand& command) {
  const auto result = runtime_.rollback(command.plugin);
  events_.emit("rolled_back", text_of(result), [&](Writer& json) { add_members(json, result); });
}

void Session::run(const QuitCommand&) {
  quit_ = true;
}

}  // namespace lateral::host
