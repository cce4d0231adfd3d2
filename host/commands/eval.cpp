#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/runtime/runtime.hpp"
#include "host/commands/commands.hpp"
#include "host/describe.hpp"
#include "host/exit_codes.hpp"
#include "host/output.hpp"
#include "host/output_folder.hpp"
#include "host/signals.hpp"

namespace lateral::host {
namespace {

struct Controls {
  runtime::Evaluation seen, nothing, shuffled;
};

std::string line_of(const std::string& name, const runtime::Score& score) {
  return name + ": " + rounded(100 * score.accuracy, 1) + " % [" + rounded(100 * score.low, 1) + ", " +
         rounded(100 * score.high, 1) + "] of " + std::to_string(score.questions);
}

std::string text_of(const Controls& controls) {
  std::string text = line_of("exact match", controls.seen.all) + ", F1 " + rounded(controls.seen.all.f1, 3);
  for (const auto& score : controls.seen.by_type) text += "\n  " + line_of(score.name, score);
  text += "\n" + line_of("control, nothing attached", controls.nothing.all);
  text += "\n" + line_of("control, another moment's sensors", controls.shuffled.all);
  if (controls.seen.majority.questions > 0) {
    text += "\n" + line_of("control, most frequent training answer", controls.seen.majority);
  }
  return text;
}

std::string json_of(const Controls& controls) {
  format::json::Writer json;
  json.begin_object();
  add_members(json, controls.seen);
  json.key("nothing").begin_object();
  add_members(json, controls.nothing);
  json.end_object().key("shuffled").begin_object();
  add_members(json, controls.shuffled);
  json.end_object().end_object();
  return std::move(json).text();
}

// One line a question: what was asked, expected and answered.
std::string answers_of(const runtime::EvaluateRequest& request, const runtime::Evaluation& evaluation) {
  std::string lines;
  std::size_t next = 0;
  for (const auto& recording : request.recordings) {
    if (!request.split.empty() && recording.split != request.split) continue;
    for (const auto& question : recording.questions) {
      if (question.answer.empty()) continue;
      format::json::Writer json;
      json.begin_object()
          .member("id", recording.id)
          .member("type", question.type)
          .member("question", question.text)
          .member("expected", question.answer)
          .member("answer", evaluation.answers.at(next++))
          .end_object();
      lines += std::move(json).text() + "\n";
    }
  }
  return lines;
}

}  // namespace

int run_command(const EvalOptions& options, const CommonOptions& common) {
  runtime::EvaluateRequest request;
  const SignalWatcher signals([cancel = request.cancel] { cancel.cancel(); });
  const auto config = config::load(options.config.file, options.config.overrides);
  if (options.report) require_output_folder(*options.report);
  runtime::Runtime runtime(config);
  for (const auto& result : runtime.load_configured()) {
    if (!result.error.empty()) fail(result.code, "plugin", result.plugin, " did not load: ", result.error);
  }
  ProgressLine line;
  request.recordings = runtime.recordings(options.data);
  request.seed = config.run.seed;
  request.progress = progress_on(line);

  Controls controls;
  controls.seen = runtime.evaluate(request);
  request.control = runtime::Control::Nothing;
  controls.nothing = runtime.evaluate(request);
  request.control = runtime::Control::Shuffled;
  controls.shuffled = runtime.evaluate(request);
  line.clear();
  // Before the files: a full disk costs them alone.
  print_line(common.json ? json_of(controls) : text_of(controls));
  if (options.report) {
    write_atomically(*options.report / "report.json", json_of(controls) + "\n");
    write_atomically(*options.report / "report.txt", text_of(controls) + "\n");
    write_atomically(*options.report / "answers.jsonl", answers_of(request, controls.seen));
  }
  return kExitOk;
}

}  // namespace lateral::host
