#include "models/recipe/connection.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <optional>
#include <utility>

#include "core/base/random.hpp"
#include "core/connector/adapter_file.hpp"
#include "core/model/load.hpp"
#include "core/runtime/language.hpp"
#include "core/training/batch_order.hpp"
#include "core/training/fingerprint.hpp"
#include "core/training/mix_loss.hpp"
#include "core/training/paired_frames.hpp"
#include "core/training/query_bank.hpp"
#include "core/training/trained_parts.hpp"
#include "models/recipe/eye.hpp"
#include "models/scenes/question.hpp"

namespace lateral::recipe {
namespace {

enum Stream : std::uint64_t { kFrames = 31, kBlind = 32, kQueries = 33, kQuestions = 34, kAligner = 35 };

/// Keys and values with their link already applied.
model::Segment linked(const model::Segment& segment) {
  model::Segment plain;
  plain.k = segment.k * segment.alpha;
  plain.v = segment.v * segment.alpha;
  return plain;
}

model::Segment rows_of(const model::Segment& segment, std::int64_t first, std::int64_t count) {
  model::Segment some;
  some.k = segment.k.narrow(0, first, count);
  some.v = segment.v.narrow(0, first, count);
  return some;
}

model::Segment side_by_side(const model::Segment& a, const model::Segment& b) {
  model::Segment both;
  both.k = at::cat({a.k, b.k}, 2);
  both.v = at::cat({a.v, b.v}, 2);
  return both;
}

at::Tensor squared(const at::Tensor& difference) {
  return difference.square().mean();
}

class Connecting {
 public:
  Connecting(const ConnectionPlan& plan, const LanguagePlan& language, const Taught& taught,
             const ConnectionFiles& files)
      : plan_(plan),
        taught_(taught),
        decoder_(model::load_model(files.language)),
        text_(format::Tokenizer::load(files.language)),
        eye_(files.encoder, plan.sensor),
        first_block_(language.layers - language.connected),
        blocks_(wiring::BlockSet::range(static_cast<int>(first_block_), static_cast<int>(language.layers) - 1,
                                        static_cast<int>(language.layers))) {
    c10::NoGradGuard no_gradients;
    record();
    ask();
    adapter_.emplace(info());
    copy_links();
  }

  training::Task task() {
    training::Task task;
    task.phase = plan_.plugin + " connection";
    task.fingerprint = fingerprint();
    adapter_->require_gradients(true);
    task.groups = {
        {"aligners", training::parameters_of(*adapter_, "aligner."), plan_.rate, plan_.weight_decay}};
    task.schedule = {20, training::Decay::Cosine, 0.01};
    task.loss = [this](std::int64_t step) { return loss(step); };
    return task;
  }

  void finish(const training::RunOptions& options, const std::filesystem::path& path) {
    training::RunOptions run = options;
    run.budget.steps = plan_.steps;
    training::train(task(), run);
    adapter_->require_gradients(false);
    adapter_->training()["teacher"] = "oracle";
    adapter_->training()["frames"] = std::to_string(plan_.frames);
    connector::save_adapter(path, *adapter_);
  }

 private:
  /// Frames by day with what the oracle says of them, and other frames by night.
  void record() {
    std::vector<at::Tensor> day, night;
    std::vector<scenes::Scene> seen;
    for (std::int64_t i = 0; i < plan_.frames; ++i) {
      seen.push_back(scenes::make_scene(plan_.seed, static_cast<std::uint64_t>(i)));
      day.push_back(eye_.look(seen.back(), false));
    }
    for (std::int64_t i = 0; i < plan_.blind_frames; ++i) {
      const auto index = static_cast<std::uint64_t>(plan_.frames + i);
      night.push_back(eye_.look(scenes::make_scene(plan_.seed, index), true));
    }
    day_ = at::cat(day);
    night_ = at::cat(night);
    oracle_ = oracle_tokens(taught_.decoder, SenseWords(text_), seen, taught_.unseen_code, false, 0.0, 0);
  }

  /// Questions about other scenes: the bank holds no hint about the frames.
  void ask() {
    std::vector<training::BankQuestion> questions;
    const auto seed = mix_seed(plan_.seed, kQuestions);
    for (std::int64_t i = 0; i < plan_.questions; ++i) {
      const auto question = scenes::ask(scenes::make_scene(seed, static_cast<std::uint64_t>(i)), 0);
      questions.push_back({training::encode_prompt(text_.tokenizer(), {}, question.text),
                           std::string(scenes::name_of(question.type))});
    }
    training::QueryBankOptions options;
    options.seed = seed;
    const std::vector<std::int64_t> blocks(blocks_.blocks().begin(), blocks_.blocks().end());
    bank_ = training::make_query_bank(decoder_, runtime::identity_of(decoder_), blocks, std::move(questions),
                                      options);
  }

  connector::AdapterInfo info() const {
    const auto& spec = decoder_.spec();
    connector::AdapterInfo info{.base_model = runtime::identity_of(decoder_),
                                .token_space = eye_.token_space(),
                                .plugin = plan_.plugin,
                                .encoder = plan_.plugin,
                                .blocks = blocks_};
    info.aligner = {day_.size(2), plan_.inner, spec.kv_heads, spec.head_dim};
    info.seed = mix_seed(plan_.seed, kAligner);
    return info;
  }

  void copy_links() {
    // alpha is sigmoid(w / tau) with tau 1 on both sides.
    training::copy_by_name({{"links.w", taught_.senses[0].links()}},
                           training::parameters_of(*adapter_, "links."), plan_.plugin);
  }

  at::Tensor loss(std::int64_t step) {
    const at::Tensor frames = at::tensor(frame_order_.at(step), at::kLong);
    const at::Tensor blind = at::tensor(blind_order_.at(step), at::kLong);
    const at::Tensor queries = at::tensor(query_order().at(step), at::kLong);
    const at::Tensor tokens = at::cat({day_.index_select(0, frames), night_.index_select(0, blind)});
    const auto state = training::begin_without_text(adapter_->source(), {tokens, {}});
    const at::Tensor truth = oracle_.index_select(0, frames);
    at::Tensor sum;
    for (std::int64_t i = 0; i < blocks_.size(); ++i) {
      const auto view = decoder_.block(first_block_ + i);
      const auto student = linked(*adapter_->source().at(view, tokens, *state));
      const auto teacher = linked(taught_.senses[0].segment(truth, i));
      const auto asked = training::select(bank_.of(first_block_ + i), queries);
      const at::Tensor term = block_loss(asked, student, teacher, frames.size(0), blind.size(0));
      sum = sum.defined() ? sum + term : term;
    }
    return sum / static_cast<double>(blocks_.size());
  }

  /// Relative to how much the oracle changes the text's output: what is read differently by day, and what is changed at
  /// all by night, alone and beside the oracle.
  at::Tensor block_loss(const training::BlockQueries& asked, const model::Segment& student,
                        const model::Segment& teacher, std::int64_t frames, std::int64_t blind) const {
    const at::Tensor text = asked.output.transpose(0, 1).unsqueeze(0);
    const at::Tensor wanted = training::attention_with(asked, teacher).detach();
    const auto unseeing = rows_of(student, frames, blind);
    const auto beside = side_by_side(unseeing, rows_of(teacher, 0, blind));
    const at::Tensor reads = squared(training::attention_with(asked, rows_of(student, 0, frames)) - wanted);
    const at::Tensor alone = squared(training::attention_with(asked, unseeing) - text);
    const at::Tensor disturbs = squared(training::attention_with(asked, beside) - wanted.narrow(0, 0, blind));
    return (reads + plan_.blind_weight * (alone + disturbs)) / squared(wanted - text);
  }

  training::BatchOrder& query_order() {
    if (!query_order_) {
      query_order_.emplace(bank_.positions(), plan_.queries_per_step, mix_seed(plan_.seed, kQueries));
    }
    return *query_order_;
  }

  std::string fingerprint() const {
    training::Fingerprint print;
    print.add(adapter_->identity())
        .add(bank_.model)
        .add(plan_.frames)
        .add(plan_.blind_frames)
        .add(plan_.steps);
    print.add(plan_.frames_per_step).add(plan_.blind_per_step).add(plan_.queries_per_step).add(plan_.rate);
    print.add(plan_.weight_decay).add(plan_.blind_weight).add(plan_.questions).add(plan_.seed);
    print.add(oracle_.sum(at::kDouble).item<double>());
    return print.text();
  }

  const ConnectionPlan& plan_;
  const Taught& taught_;
  model::Decoder decoder_;
  TextIds text_;
  Eye eye_;
  std::int64_t first_block_;
  wiring::BlockSet blocks_;
  at::Tensor day_, night_, oracle_;  // [frames, 24, width]
  training::QueryBank bank_;
  std::optional<connector::Adapter> adapter_;
  training::BatchOrder frame_order_{plan_.frames, plan_.frames_per_step, mix_seed(plan_.seed, kFrames)};
  training::BatchOrder blind_order_{plan_.blind_frames, plan_.blind_per_step, mix_seed(plan_.seed, kBlind)};
  std::optional<training::BatchOrder> query_order_;
};

}  // namespace

void make_connection(const ConnectionPlan& plan, const LanguagePlan& language, const Taught& taught,
                     const ConnectionFiles& files, const training::RunOptions& options) {
  Connecting(plan, language, taught, files).finish(options, files.adapter);
}

}  // namespace lateral::recipe
