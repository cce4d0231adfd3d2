#include "core/training/naming.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace lateral::training {
namespace {

constexpr std::size_t kMomentsPerClass = 3;
// Position beyond this says little that a few hundred samples could show.
constexpr std::int64_t kMostSegments = 16;

using Answers = std::map<std::string, std::string>;  // by question

/// Of each moment; nothing where one has two answers to a question, or not the questions of the others.
std::optional<std::map<std::string, Answers>> answers_of(std::span<const Example> examples) {
  std::map<std::string, Answers> answers;
  for (const auto& example : examples) {
    const auto found = answers[example.sample].emplace(example.question, example.answer).first;
    if (found->second != example.answer) return std::nullopt;
  }
  const auto same_questions = [&](const auto& moment) {
    const auto& first = answers.begin()->second;
    return std::equal(first.begin(), first.end(), moment.second.begin(), moment.second.end(),
                      [](const auto& one, const auto& other) { return one.first == other.first; });
  };
  if (!std::all_of(answers.begin(), answers.end(), same_questions)) return std::nullopt;
  return answers;
}

}  // namespace

std::optional<Naming> naming_of(std::span<const Example> examples) {
  const auto answers = answers_of(examples);
  if (!answers) return std::nullopt;
  Naming naming;
  std::map<Answers, std::int64_t> classes;
  std::set<std::string> seen;
  for (const auto& example : examples) {
    const auto found = classes.emplace(answers->at(example.sample), naming.classes());
    if (found.second) naming.examples.emplace_back();
    const std::int64_t label = found.first->second;
    naming.examples[static_cast<std::size_t>(label)].push_back(&example);
    if (!seen.insert(example.sample).second) continue;
    naming.samples.push_back(example.sample);
    naming.labels.push_back(label);
  }
  const bool many = naming.classes() >= 2 && naming.samples.size() >= kMomentsPerClass * classes.size();
  return many ? std::optional(std::move(naming)) : std::nullopt;
}

PooledSamples pooled(const connector::Summary& summary, const TokenProvider& tokens,
                     const std::vector<std::string>& samples, const std::vector<std::int64_t>& labels) {
  std::vector<at::Tensor> rows;
  std::vector<std::int64_t> known;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const std::optional<connector::Tokens> one = tokens(samples[i]);
    const auto batch = connector::batch_of(std::span(&one, 1));
    if (!batch) continue;
    rows.push_back(summary.pooled({batch->values.to(at::kFloat), batch->present}));
    known.push_back(labels[i]);
  }
  if (rows.empty()) return {at::zeros({0, summary.shape().pooled()}, at::kDouble), at::zeros({0}, at::kLong)};
  return {at::cat(rows).to(at::kDouble), at::tensor(known, at::kLong)};
}

std::optional<connector::SummaryShape> summary_for(std::span<const Example> examples,
                                                   const TokenProvider& tokens,
                                                   const ProgressCallback& progress) {
  const auto naming = naming_of(examples);
  if (!naming) return std::nullopt;
  connector::SummaryShape shape{.segments = kMostSegments};
  ProgressMeter meter(kEncodePhase, 0, static_cast<std::int64_t>(naming->samples.size()), progress);
  std::int64_t asked = 0;
  for (const auto& sample : naming->samples) {
    const auto found = tokens(sample);
    meter.advance(++asked);
    if (!found) continue;
    shape.width = found->values.size(-1);
    shape.segments = std::min(shape.segments, found->values.size(-2));
  }
  if (shape.width == 0 || shape.segments == 0) return std::nullopt;
  shape.kinds = naming->classes();
  return shape;
}

}  // namespace lateral::training
