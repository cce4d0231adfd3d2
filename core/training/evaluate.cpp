#include "core/training/evaluate.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <utility>

#include "core/base/error.hpp"
#include "core/model/generate.hpp"

namespace lateral::training {
namespace {

constexpr const char* kPhase = "evaluate";

std::string text_of(const format::Tokenizer& tokenizer, const model::Ids& ids) {
  const std::vector<format::TokenId> narrow(ids.begin(), ids.end());
  return tokenizer.decode(narrow);
}

using Counts = std::map<std::string, std::int64_t>;

// std::map is ordered, and max_element takes the first of equals.
std::string most_frequent(const Counts& counts) {
  const auto less = [](const auto& a, const auto& b) { return a.second < b.second; };
  return std::max_element(counts.begin(), counts.end(), less)->first;
}

}  // namespace

Evaluation score(std::span<const Example> examples, std::vector<std::string> answers) {
  if (examples.size() != answers.size()) {
    fail(Errc::InvalidArgument, kPhase, answers.size(), " answers to ", examples.size(), " questions");
  }
  Evaluation evaluation;
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> counts;  // hits, trials
  std::int64_t hits = 0;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    const bool right = exact_match(answers[i], examples[i].answer);
    auto& [type_hits, type_trials] = counts[examples[i].type];
    type_hits += right ? 1 : 0;
    ++type_trials;
    hits += right ? 1 : 0;
    evaluation.f1 += token_f1(answers[i], examples[i].answer) / static_cast<double>(examples.size());
  }
  evaluation.exact = wilson(hits, static_cast<std::int64_t>(examples.size()));
  for (const auto& [type, count] : counts) evaluation.by_type[type] = wilson(count.first, count.second);
  evaluation.answers = std::move(answers);
  return evaluation;
}

Evaluation evaluate(const model::Decoder& decoder, const format::Tokenizer& tokenizer,
                    std::span<const Example> examples, const Senses& senses, const EvaluateOptions& options) {
  const c10::NoGradGuard no_grad;
  model::GenerateOptions generation;
  generation.max_new_tokens = options.max_new_tokens;
  generation.cancel = options.cancel;
  for (const auto& example : examples) {
    const auto expected = static_cast<std::int64_t>(example.answer_ids.size());
    generation.max_new_tokens = std::max(generation.max_new_tokens, expected);
  }
  if (options.end_id >= 0) generation.eos = {options.end_id};
  std::vector<std::string> answers;
  ProgressMeter meter(kPhase, 0, static_cast<std::int64_t>(examples.size()), options.progress);
  while (answers.size() < examples.size()) {
    options.cancel.check(kPhase);
    const auto left = examples.size() - answers.size();
    const auto chunk =
        examples.subspan(answers.size(), std::min(left, static_cast<std::size_t>(options.batch)));
    std::vector<model::Ids> prompts;
    std::vector<std::string> samples;
    for (const auto& example : chunk) {
      prompts.push_back(example.prompt);
      samples.push_back(example.sample);
    }
    const auto attachments = senses.attach(samples);
    for (const auto& answer : model::generate(decoder, prompts, generation, attachments.get())) {
      answers.push_back(text_of(tokenizer, answer.ids));
    }
    meter.advance(static_cast<std::int64_t>(answers.size()));
  }
  return score(examples, std::move(answers));
}

Evaluation majority_baseline(std::span<const Example> known, std::span<const Example> asked) {
  if (known.empty()) fail(Errc::InvalidArgument, kPhase, "a majority needs at least one known answer");
  std::map<std::string, Counts> by_question, by_type;
  Counts all;
  for (const auto& example : known) {
    const auto answer = normalised_answer(example.answer);
    ++by_question[example.question][answer];
    ++by_type[example.type][answer];
    ++all[answer];
  }
  std::vector<std::string> answers;
  for (const auto& example : asked) {
    const auto question = by_question.find(example.question);
    const auto type = by_type.find(example.type);
    answers.push_back(most_frequent(question != by_question.end() ? question->second
                                    : type != by_type.end()       ? type->second
                                                                  : all));
  }
  return score(asked, std::move(answers));
}

}  // namespace lateral::training
