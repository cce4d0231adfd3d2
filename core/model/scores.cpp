#include "core/model/scores.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace lateral::model {
namespace {

struct Candidate {
  std::int64_t id;
  double weight;  // unnormalised probability
};

// All ids, most likely first, with weights relative to the best.
std::vector<Candidate> ranked(std::span<const float> scores, double temperature) {
  std::vector<Candidate> candidates;
  candidates.reserve(scores.size());
  const double best = *std::max_element(scores.begin(), scores.end());
  for (std::size_t i = 0; i < scores.size(); ++i) {
    candidates.push_back({static_cast<std::int64_t>(i), std::exp((scores[i] - best) / temperature)});
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.weight > b.weight; });
  return candidates;
}

double total(const std::vector<Candidate>& candidates) {
  return std::accumulate(candidates.begin(), candidates.end(), 0.0,
                         [](double sum, const Candidate& candidate) { return sum + candidate.weight; });
}

// Equal scores at the border all stay, as in transformers.
void keep_top_k(std::vector<Candidate>& candidates, std::int64_t top_k) {
  if (top_k <= 0 || top_k >= static_cast<std::int64_t>(candidates.size())) return;
  auto end = static_cast<std::size_t>(top_k);
  while (end < candidates.size() && candidates[end].weight == candidates[end - 1].weight) ++end;
  candidates.resize(end);
}

// The fewest candidates that together reach top_p; at least one.
void keep_top_p(std::vector<Candidate>& candidates, double top_p) {
  if (top_p >= 1.0) return;
  const double wanted = top_p * total(candidates);
  double sum = 0.0;
  std::size_t end = 0;
  while (end < candidates.size() && (end == 0 || sum < wanted)) sum += candidates[end++].weight;
  candidates.resize(end);
}

}  // namespace

void penalize_repetition(std::span<float> scores, std::span<const std::int64_t> prompt,
                         std::span<const std::int64_t> answer, double penalty) {
  Ids seen(prompt.begin(), prompt.end());
  seen.insert(seen.end(), answer.begin(), answer.end());
  std::sort(seen.begin(), seen.end());
  seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
  const auto factor = static_cast<float>(penalty);
  for (const std::int64_t id : seen) {
    float& score = scores[static_cast<std::size_t>(id)];
    score = score < 0.0F ? score * factor : score / factor;
  }
}

void forbid(std::span<float> scores, std::span<const std::int64_t> ids) {
  for (const std::int64_t id : ids)
    scores[static_cast<std::size_t>(id)] = -std::numeric_limits<float>::infinity();
}

bool needs_processing(const GenerateOptions& options, std::size_t answer_length) {
  return options.repetition_penalty != 1.0 ||
         static_cast<std::int64_t>(answer_length) < options.min_new_tokens;
}

void process(std::span<float> scores, const Ids& prompt, const Ids& answer, const GenerateOptions& options,
             std::span<const std::int64_t> eos) {
  if (options.repetition_penalty != 1.0)
    penalize_repetition(scores, prompt, answer, options.repetition_penalty);
  if (static_cast<std::int64_t>(answer.size()) < options.min_new_tokens) forbid(scores, eos);
}

std::int64_t best_of(std::span<const float> scores) {
  return std::max_element(scores.begin(), scores.end()) - scores.begin();
}

std::int64_t draw(std::span<const float> scores, const GenerateOptions& options, Random& random) {
  std::vector<Candidate> candidates = ranked(scores, options.temperature);
  keep_top_k(candidates, options.top_k);
  keep_top_p(candidates, options.top_p);
  double rest = total(candidates) * random.uniform();
  for (const Candidate& candidate : candidates) {
    rest -= candidate.weight;
    if (rest < 0.0) return candidate.id;
  }
  return candidates.back().id;
}

}  // namespace lateral::model
