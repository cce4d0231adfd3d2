#include "core/training/agreement.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <utility>

#include "core/base/random.hpp"
#include "core/training/text_batch.hpp"

namespace lateral::training {
namespace {

constexpr std::size_t kAtOnce = 64;

struct Count {
  std::int64_t agree = 0, all = 0, agree_differing = 0, differing = 0;
  void add(bool same, bool differs) {
    ++all;
    agree += same ? 1 : 0;
    differing += differs ? 1 : 0;
    agree_differing += same && differs ? 1 : 0;
  }
  Agreement agreement() const { return {wilson(agree, all), wilson(agree_differing, differing)}; }
};

}  // namespace

std::vector<Example> drawn_questions(const std::vector<std::string>& frames,
                                     const std::vector<BankQuestion>& questions, std::int64_t per_frame,
                                     std::uint64_t seed) {
  std::vector<Example> drawn;
  Random random(seed);
  for (const auto& frame : frames) {
    for (std::int64_t i = 0; i < per_frame; ++i) {
      const auto& question = questions[random.below(static_cast<std::uint32_t>(questions.size()))];
      Example example;
      example.sample = frame;
      example.type = question.type;
      example.prompt = question.prompt;
      example.answer_ids = {0};  // one target: the place where the answer begins
      drawn.push_back(std::move(example));
    }
  }
  return drawn;
}

at::Tensor first_id_scores(const model::Decoder& decoder, const EarlyStates& states, const Senses& senses,
                           const std::vector<Example>& examples, const CancelToken& cancel) {
  const c10::NoGradGuard no_grad;
  std::vector<at::Tensor> parts;
  for (std::size_t first = 0; first < examples.size(); first += kAtOnce) {
    cancel.check("agreement");
    std::vector<const Example*> chunk;
    for (std::size_t i = first; i < std::min(examples.size(), first + kAtOnce); ++i)
      chunk.push_back(&examples[i]);
    const auto batch = text_batch(states, chunk);
    const auto attachments = senses.attach(samples_of(chunk), batch.view());
    parts.push_back(
        target_logits(decoder, states.first_block(), batch, attachments.get()).log_softmax(-1, at::kFloat));
  }
  return at::cat(parts);
}

Comparison compare(const at::Tensor& teacher, const at::Tensor& student, const at::Tensor& text_only,
                   const std::vector<Example>& examples) {
  const auto wanted = teacher.argmax(-1);
  const auto same = student.argmax(-1).eq(wanted);
  const auto differs = text_only.argmax(-1).ne(wanted);
  Count overall;
  std::map<std::string, Count> by_type;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    const bool is_same = same[row].item<bool>(), is_different = differs[row].item<bool>();
    overall.add(is_same, is_different);
    by_type[examples[i].type].add(is_same, is_different);
  }
  Comparison comparison;
  comparison.overall = overall.agreement();
  for (const auto& [type, count] : by_type) comparison.by_type[type] = count.agreement();
  comparison.kl = (teacher.exp() * (teacher - student)).sum(-1).mean().item<double>();
  return comparison;
}

}  // namespace lateral::training
