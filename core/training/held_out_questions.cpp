#include "core/training/held_out_questions.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <utility>

namespace lateral::training {

at::Tensor answer_scores(const model::Decoder& decoder, const EarlyStates& states, const Senses& senses,
                         const TextBatch& batch, std::span<const Example* const> examples,
                         const TokenDropout& dropout) {
  const auto attachments = senses.attach(samples_of(examples), batch.view(), dropout);
  return target_logits(decoder, states.first_block(), batch, attachments.get());
}

HeldOutQuestions::HeldOutQuestions(const model::Decoder& decoder, const EarlyStates& states,
                                   const Senses& senses, std::vector<const Example*> examples,
                                   std::int64_t batch, CancelToken cancel)
    : decoder_(decoder),
      states_(states),
      senses_(senses),
      examples_(std::move(examples)),
      batch_(batch),
      cancel_(std::move(cancel)) {}

void HeldOutQuestions::visit(const Visit& each) const {
  const c10::NoGradGuard no_grad;
  const auto at_once = static_cast<std::size_t>(batch_);
  for (std::size_t first = 0; first < examples_.size(); first += at_once) {
    cancel_.check("adapt");
    const auto examples = std::span(examples_).subspan(first, std::min(at_once, examples_.size() - first));
    const auto batch = text_batch(states_, examples);
    each(examples, batch, answer_scores(decoder_, states_, senses_, batch, examples));
  }
}

double HeldOutQuestions::loss() const {
  double sum = 0;
  std::int64_t targets = 0;
  visit([&](std::span<const Example* const>, const TextBatch& batch, const at::Tensor& scores) {
    sum += at::cross_entropy_loss(scores, batch.targets, {}, at::Reduction::Sum).item<double>();
    targets += batch.targets.numel();
  });
  return sum / static_cast<double>(targets);
}

HeldOutQuestions::Right HeldOutQuestions::right() const {
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> counts;  // hits, trials
  std::int64_t hits = 0;
  visit([&](std::span<const Example* const> examples, const TextBatch& batch, const at::Tensor& scores) {
    const auto wrong = scores.argmax(-1).ne(batch.targets).to(at::kLong);
    const auto wrong_in_row = at::zeros({static_cast<std::int64_t>(examples.size())}, wrong.options())
                                  .index_add(0, batch.row, wrong);
    for (std::size_t i = 0; i < examples.size(); ++i) {
      const bool right = wrong_in_row[static_cast<std::int64_t>(i)].item<std::int64_t>() == 0;
      auto& [type_hits, type_trials] = counts[examples[i]->type];
      type_hits += right ? 1 : 0;
      ++type_trials;
      hits += right ? 1 : 0;
    }
  });
  Right found{.all = wilson(hits, count()), .by_type = {}};
  for (const auto& [type, count] : counts) found.by_type[type] = wilson(count.first, count.second);
  return found;
}

}  // namespace lateral::training
