#include "core/runtime/evaluation.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <chrono>

#include "core/base/error.hpp"
#include "core/runtime/sensors.hpp"

namespace lateral::runtime {
namespace {

Score score_of(std::string name, const training::Proportion& proportion, double f1) {
  return {.name = std::move(name),
          .right = proportion.hits,
          .questions = proportion.trials,
          .accuracy = proportion.value,
          .low = proportion.low,
          .high = proportion.high,
          .f1 = f1};
}

std::vector<std::string> ids_of(const std::vector<Recording>& recordings) {
  std::vector<std::string> ids;
  for (const Recording& recording : recordings) ids.push_back(recording.id);
  return ids;
}

}  // namespace

std::vector<training::Example> examples_of(const Language& language, const std::vector<Recording>& recordings,
                                           const std::set<std::string>& splits) {
  std::vector<training::Example> examples;
  for (const Recording& recording : recordings) {
    if (!splits.empty() && splits.count(recording.split) == 0) continue;
    for (const Question& question : recording.questions) {
      if (question.answer.empty()) continue;
      examples.push_back(training::make_example(language.tokenizer(), language.question_format().prompt,
                                                recording.id, question.text, question.answer, question.type));
    }
  }
  return examples;
}

training::Senses senses_of(const connector::Wiring& wiring, const std::vector<Recording>& recordings,
                           int layers, Control control, std::uint64_t seed) {
  std::vector<training::Sense> senses;
  if (control != Control::Nothing) {
    for (const auto& connection : wiring.connections()) {
      auto tokens = static_cast<const Sensor&>(*connection->origin).provider(recordings);
      if (control == Control::Shuffled)
        tokens = training::shuffled(std::move(tokens), ids_of(recordings), seed);
      senses.push_back({.connection = connection, .tokens = std::move(tokens)});
    }
  }
  return {std::move(senses), layers};
}

training::ProgressCallback progress_to(const std::function<void(const WorkProgress&)>& callback) {
  if (!callback) return {};
  return [callback](const training::Progress& progress) {
    callback({.phase = progress.phase,
              .step = progress.step,
              .steps = progress.steps,
              .loss = progress.loss,
              .seconds_left = progress.seconds_left});
  };
}

Evaluation evaluate(const Language& language, const connector::Wiring& wiring,
                    const EvaluateRequest& request) {
  const at::NoGradGuard no_gradients;
  const auto start = std::chrono::steady_clock::now();
  std::set<std::string> splits;
  if (!request.split.empty()) splits.insert(request.split);
  const auto asked = examples_of(language, request.recordings, splits);
  if (asked.empty()) {
    fail(Errc::InvalidArgument, "eval", "no question with an answer",
         request.split.empty() ? "" : " in split \"" + request.split + "\"", "; see: lateral data check DIR");
  }
  const auto senses = senses_of(wiring, request.recordings, language.layers(), request.control, request.seed);
  const auto generated = training::evaluate(language.decoder(), language.tokenizer(), asked, senses,
                                            {.end_id = language.question_format().prompt.end_id,
                                             .cancel = request.cancel,
                                             .progress = progress_to(request.progress)});
  // Answers end where the model's format says, as in ask(): some models go on after a line break.
  std::vector<std::string> answers;
  for (const std::string& answer : generated.answers)
    answers.push_back(language.question_format().trimmed(answer));
  const auto measured = training::score(asked, std::move(answers));
  Evaluation evaluation;
  evaluation.all = score_of("all", measured.exact, measured.f1);
  for (const auto& [type, proportion] : measured.by_type)
    evaluation.by_type.push_back(score_of(type, proportion, 0));
  for (const std::string& answer : measured.answers) {
    evaluation.answers.push_back(language.question_format().trimmed(answer));
  }
  if (const auto known = examples_of(language, request.recordings, {"train"}); !known.empty()) {
    const auto baseline = training::majority_baseline(known, asked);
    evaluation.majority = score_of("majority", baseline.exact, baseline.f1);
  }
  evaluation.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return evaluation;
}

}  // namespace lateral::runtime
