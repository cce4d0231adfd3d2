#include "core/training/adapt_labels.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/random.hpp"
#include "core/training/batch_order.hpp"
#include "core/training/early_states.hpp"
#include "core/training/fingerprint.hpp"
#include "core/training/held_out.hpp"
#include "core/training/held_out_questions.hpp"
#include "core/training/name_draws.hpp"
#include "core/training/text_batch.hpp"
#include "core/training/trained_parts.hpp"

namespace lateral::training {
namespace {

constexpr const char* kPhase = "adapt";
constexpr const char* kConnection = "adapting";

// Streams of the seed, so that no two uses draw the same numbers.
enum Stream : std::uint64_t { kSplit, kOrder, kDropout, kDraws };

using ExampleRefs = std::vector<const Example*>;

class Adaptation {
 public:
  Adaptation(const model::Decoder& decoder, const connector::Adapter& adapter,
             std::span<const Example> examples, const TokenProvider& tokens, const AdaptOptions& options,
             const std::vector<Sense>& beside)
      : options_(options),
        decoder_(decoder),
        adapter_(adapter),
        blocks_(trainable_blocks(decoder)),
        split_(split(examples, options.held_out_share, mix_seed(options.seed, kSplit))),
        tokens_(cache_of(options, adapter, tokens)),
        senses_(with(beside, adapter, tokens_), decoder.spec().layers),
        // A connection that touches nothing lower must not pull trainable blocks into the frozen prefix.
        states_(decoder, std::min(senses_.first_block(), blocks_.first), options.state_bytes),
        held_out_(decoder, states_, senses_, split_.held_out, options.batch, options.run.cancel),
        order_(static_cast<std::int64_t>(split_.train.size()), options.batch,
               mix_seed(options.seed, kOrder)) {
    check_tokens();
    if (adapter.info().summary) names_.emplace(adapter, examples, split_, tokens_, beside);
    prepare(examples);
  }

  Task task(std::span<const Example> examples) {
    Task task;
    task.phase = kPhase;
    task.fingerprint = fingerprint(examples);
    task.groups = groups();
    task.schedule = {options_.warm_up, Decay::Cosine, 0.01};
    task.loss = [this](std::int64_t step) { return loss(step); };
    // Drawn moments cannot be learned by heart, so their last step is the best one. The held-out loss would choose an
    // early step: where a summary errs, spelling with certainty only raises it.
    if (!held_out_.empty() && !names_) task.held_out = [this] { return held_out_.loss(); };
    task.early_stopping = options_.early_stopping;
    return task;
  }

  AdaptReport report(TrainResult run) const {
    AdaptReport report;
    report.run = std::move(run);
    report.questions = static_cast<std::int64_t>(split_.train.size());
    const auto samples = samples_of(split_.train);
    report.samples = static_cast<std::int64_t>(std::set<std::string>(samples.begin(), samples.end()).size());
    report.held_out_questions = held_out_.count();
    report.state_bytes = states_.bytes();
    auto right = held_out_.right();
    report.held_out = right.all;
    report.by_type = std::move(right.by_type);
    return report;
  }

  /// After the last step, and after the report, which is about moments that were not learned from.
  void finish() const {
    if (names_) names_->fit_to_all();
  }

 private:
  static TokenProvider cache_of(const AdaptOptions& options, const connector::Adapter& adapter,
                                const TokenProvider& tokens) {
    auto cache = options.tokens ? options.tokens : std::make_shared<TokenCache>();
    return cached(std::move(cache), adapter.info().token_space, tokens);
  }

  static std::vector<Sense> with(std::vector<Sense> beside, const connector::Adapter& adapter,
                                 TokenProvider tokens) {
    beside.push_back({connector::connection_of(kConnection, adapter), std::move(tokens)});
    return beside;
  }

  void check_tokens() const {
    const auto seen = [&](const Example* example) { return has_tokens(tokens_(example->sample)); };
    if (std::none_of(split_.train.begin(), split_.train.end(), seen)) {
      fail(Errc::InvalidArgument, kPhase, "none of the moments to learn from has data of plugin ",
           adapter_.info().plugin, "; add what it recorded, or ask about other moments");
    }
  }

  void prepare(std::span<const Example> examples) {
    std::vector<model::Ids> sequences;
    for (const auto& example : examples) sequences.push_back(sequence_of(example));
    states_.keep(std::move(sequences), options_.run.cancel, options_.run.progress);
  }

  std::vector<ParameterGroup> groups() const {
    std::vector<ParameterGroup> groups{
        {"aligners", parameters_of(adapter_, "aligner."), names_ ? options_.name_rate : options_.aligner_rate,
         options_.weight_decay},
        {"links", parameters_of(adapter_, "links."), options_.link_rate, 0},
        {"lora", parameters_of(adapter_, "lora."), options_.lora_rate, options_.weight_decay},
        {"decoder", blocks_.tensors, options_.decoder_rate, options_.weight_decay}};
    return groups;
  }

  std::string fingerprint(std::span<const Example> examples) const {
    Fingerprint print;
    print.add(kPhase).add(adapter_.identity()).add(options_.seed).add(options_.batch).add(options_.warm_up);
    print.add(options_.aligner_rate)
        .add(options_.name_rate)
        .add(options_.link_rate)
        .add(options_.lora_rate)
        .add(options_.decoder_rate);
    print.add(options_.weight_decay).add(options_.token_dropout).add(options_.held_out_share);
    print.add(options_.early_stopping.every).add(options_.early_stopping.patience).add(options_.state_bytes);
    for (const auto& example : examples) {
      print.add(example.sample);
      for (const auto id : example.prompt) print.add(id);
      for (const auto id : example.answer_ids) print.add(id);
    }
    return print.text();
  }

  at::Tensor loss(std::int64_t step) {
    if (names_) return loss_of_draws(step);
    ExampleRefs examples;
    for (const auto index : order_.at(step))
      examples.push_back(split_.train[static_cast<std::size_t>(index)]);
    const TokenDropout dropout{options_.token_dropout,
                               mix_seed(mix_seed(options_.seed, kDropout), static_cast<std::uint64_t>(step))};
    const auto batch = text_batch(states_, examples);
    return at::cross_entropy_loss(answer_scores(decoder_, states_, senses_, batch, examples, dropout),
                                  batch.targets);
  }

  at::Tensor loss_of_draws(std::int64_t step) {
    const auto seed = mix_seed(mix_seed(options_.seed, kDraws), static_cast<std::uint64_t>(step));
    const auto moments = names_->draw(order_.batch(), seed);
    const auto batch = text_batch(states_, moments.examples);
    const auto attachments = names_->attach(moments, batch.view(), decoder_.spec().layers);
    return at::cross_entropy_loss(target_logits(decoder_, states_.first_block(), batch, attachments.get()),
                                  batch.targets);
  }

  const AdaptOptions& options_;
  const model::Decoder& decoder_;
  const connector::Adapter& adapter_;
  TrainableBlocks blocks_;
  Split split_;
  TokenProvider tokens_;
  Senses senses_;
  EarlyStates states_;
  HeldOutQuestions held_out_;
  BatchOrder order_;
  std::optional<NameDraws> names_;  // where the adapter has a summary
};

void check_examples(std::span<const Example> examples) {
  const auto empty = [](const Example& example) {
    return example.prompt.empty() || example.answer_ids.empty();
  };
  if (examples.empty()) fail(Errc::InvalidArgument, kPhase, "there are no questions to learn from");
  const auto found = std::find_if(examples.begin(), examples.end(), empty);
  if (found != examples.end()) {
    fail(Errc::InvalidArgument, kPhase, "a question about ", found->sample, " has no prompt or no answer");
  }
}

NamedTensors trained_of(const connector::Adapter& adapter) {
  NamedTensors all;
  for (const char* part : {"aligner.", "links.", "lora."}) {
    const auto some = parameters_of(adapter, part);
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

RunOptions begun(RunOptions run, std::size_t questions) {
  if (!run.started) run.started = run.now();
  // Seen to be enough: about 130 steps for 300 questions, 300 for 1,000; more overfits.
  if (!run.budget.steps && !run.budget.seconds)
    run.budget.steps = 60 + static_cast<std::int64_t>(questions) / 4;
  return run;
}

}  // namespace

AdaptReport adapt_labels(const model::Decoder& decoder, connector::Adapter& adapter,
                         std::span<const Example> examples, const TokenProvider& tokens,
                         const AdaptOptions& options, const std::vector<Sense>& beside) {
  const RunOptions run_options = begun(options.run, examples.size());
  check_examples(examples);
  const RecordGradients recording(trained_of(adapter));
  Adaptation adaptation(decoder, adapter, examples, tokens, options, beside);
  const auto run = train(adaptation.task(examples), run_options);
  auto report = adaptation.report(run);
  adaptation.finish();
  return report;
}

}  // namespace lateral::training
