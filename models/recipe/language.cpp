#include "models/recipe/language.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <utility>

#include "core/base/random.hpp"
#include "core/training/fingerprint.hpp"
#include "models/recipe/initial.hpp"
#include "models/recipe/lessons.hpp"

namespace lateral::recipe {
namespace {

constexpr int kObjects = 5;
constexpr int kWordedObjects =
    3;  // descriptions are long; three objects teach as much in a third of the time

enum Stream : std::uint64_t { kSenses = 21, kNoise = 22, kLessons = 23, kExam = 24 };

using Parts = std::vector<OracleAttachments::Part>;

/// Which sense sees in a lesson with two: one of them, both, or none. Without it the model believes whatever stands in
/// its blocks, and a camera that reports nothing at night drowns a LiDAR that sees.
enum class Pair { FirstBlind, SecondBlind, Both, NoneSees };

class Course {
 public:
  Course(const LanguagePlan& plan, const TextIds& text, const Taught& taught)
      : plan_(plan), text_(text), words_(text), taught_(taught) {}

  at::Tensor loss(std::int64_t step) const {
    const auto number = static_cast<std::uint64_t>(step);
    const char kind = plan_.lessons[number % plan_.lessons.size()];
    if (kind == 'c') return loss(copy_lesson(text_, plan_.batch, plan_.seed, number), {});
    if (kind == 'w') {
      const SceneLesson lesson = scene_lesson(plan_.batch / 3, kWordedObjects, plan_.seed, number);
      return loss(in_words(text_, lesson, plan_.seed), {});
    }
    const SceneLesson lesson = scene_lesson(plan_.batch, kObjects, plan_.seed, number);
    return loss(questions_alone(text_, lesson), senses(lesson.scenes, number));
  }

  /// Whether each answer is right to its last id.
  std::vector<bool> answers(const std::vector<Exchange>& exchanges, Parts parts) const {
    const TextBatch batch = pack(exchanges, text_);
    const at::Tensor wrong = logits(batch, std::move(parts)).argmax(-1).ne(batch.targets);
    const at::Tensor misses = at::zeros({static_cast<std::int64_t>(exchanges.size())}, at::kLong)
                                  .index_add(0, batch.row, wrong.to(at::kLong));
    const auto* const counts = misses.const_data_ptr<std::int64_t>();
    std::vector<bool> right;
    for (std::size_t i = 0; i < exchanges.size(); ++i) right.push_back(counts[i] == 0);
    return right;
  }

  at::Tensor tokens(const std::vector<scenes::Scene>& batch, bool unseen, std::uint64_t noise_seed) const {
    return oracle_tokens(taught_.decoder, words_, batch, taught_.unseen_code, unseen, plan_.noise,
                         noise_seed);
  }

 private:
  Parts senses(const std::vector<scenes::Scene>& batch, std::uint64_t step) const {
    Random random(mix_seed(plan_.seed, kSenses), step);
    const auto part = [&](std::size_t sense, bool unseen) {
      const auto noise = mix_seed(mix_seed(plan_.seed, kNoise), 2 * step + sense);
      return OracleAttachments::Part{&taught_.senses[sense], tokens(batch, unseen, noise)};
    };
    if (!random.chance(static_cast<float>(plan_.two_senses))) return {part(0, false)};
    const auto pair = static_cast<Pair>(random.below(4));
    if (pair == Pair::NoneSees) return {part(random.below(2), true)};
    return {part(0, pair == Pair::FirstBlind), part(1, pair == Pair::SecondBlind)};
  }

  at::Tensor loss(const std::vector<Exchange>& exchanges, Parts parts) const {
    const TextBatch batch = pack(exchanges, text_);
    return at::cross_entropy_loss(logits(batch, std::move(parts)), batch.targets);
  }

  /// [ids that should be said, vocab]
  at::Tensor logits(const TextBatch& batch, Parts parts) const {
    const model::Decoder& decoder = taught_.decoder;
    OracleAttachments attachments(std::move(parts), plan_.layers - plan_.connected);
    model::Pass pass;
    pass.attachments = &attachments;
    const at::Tensor hidden = decoder.forward(0, plan_.layers, decoder.embed(batch.ids), pass);
    return decoder.head(hidden.index({batch.row, batch.column}));
  }

  const LanguagePlan& plan_;
  const TextIds& text_;
  SenseWords words_;
  const Taught& taught_;
};

Taught begin(const LanguagePlan& plan, const TextIds& text) {
  model::Decoder decoder = initial_decoder(spec_of(plan, text), plan.seed);
  share_queries(decoder, plan.connected);
  Taught taught{decoder.trainable(0, plan.layers, true), {}, {}};
  Random random(mix_seed(plan.seed, kLessons));
  for (const char* const name : {"oracle.a", "oracle.b"}) {
    taught.senses.emplace_back(name, taught.decoder, plan.connected, random);
  }
  taught.unseen_code = normal({plan.hidden}, kEmbeddingDeviation, random).requires_grad_();
  return taught;
}

std::vector<training::ParameterGroup> groups_of(const LanguagePlan& plan, const Taught& taught) {
  training::ParameterGroup matrices{"matrices", {}, plan.rate, plan.weight_decay};
  training::ParameterGroup vectors{"vectors", {}, plan.rate, 0.0};
  const auto add = [&](const training::NamedTensors& tensors) {
    for (const auto& named : tensors)
      (named.tensor.dim() == 2 ? matrices : vectors).parameters.push_back(named);
  };
  add(taught.decoder.named_tensors());
  for (const OracleSense& sense : taught.senses) add(sense.parameters());
  add({{"oracle.unseen", taught.unseen_code}});
  return {matrices, vectors};
}

std::string fingerprint(const LanguagePlan& plan, const TextIds& text) {
  training::Fingerprint print;
  print.add(plan.layers).add(plan.hidden).add(plan.heads).add(plan.intermediate).add(plan.connected);
  print.add(plan.positions).add(plan.theta).add(plan.lessons).add(plan.steps).add(plan.batch).add(plan.rate);
  print.add(plan.weight_decay).add(plan.noise).add(plan.two_senses).add(plan.seed);
  for (std::int64_t id = 0; id < text.size(); ++id) {
    print.add(text.tokenizer().token_of(static_cast<format::TokenId>(id)));
  }
  return print.text();
}

struct Tally {
  std::int64_t right = 0, asked = 0;
  void add(bool hit) {
    right += hit ? 1 : 0;
    ++asked;
  }
  training::Proportion share() const { return training::wilson(right, asked); }
};

}  // namespace

model::DecoderSpec spec_of(const LanguagePlan& plan, const TextIds& text) {
  model::DecoderSpec spec;
  spec.family = "llama";
  spec.layers = plan.layers;
  spec.hidden = spec.embedding_width = plan.hidden;
  spec.heads = spec.kv_heads = plan.heads;
  spec.head_dim = plan.hidden / plan.heads;
  spec.intermediate = plan.intermediate;
  spec.vocab = text.size();
  spec.max_positions = plan.positions;
  spec.rotary.theta = plan.theta;
  spec.bos = text.begin();
  spec.eos = {text.end()};
  return spec;
}

Taught train_language(const LanguagePlan& plan, const TextIds& text, const training::RunOptions& options) {
  Taught taught = begin(plan, text);
  const Course course(plan, text, taught);
  training::Task task;
  task.phase = "language model";
  task.fingerprint = fingerprint(plan, text);
  task.groups = groups_of(plan, taught);
  task.optimizer.beta2 = 0.98;
  task.schedule = {100, training::Decay::Cosine, 0.02};
  task.loss = [&](std::int64_t step) { return course.loss(step); };
  training::RunOptions run = options;
  run.budget.steps = plan.steps;
  training::train(task, run);
  taught.decoder = taught.decoder.frozen();
  return taught;
}

LanguageReport examine(const LanguagePlan& plan, const TextIds& text, const Taught& taught) {
  const c10::NoGradGuard no_gradients;
  const Course course(plan, text, taught);
  const auto seed = mix_seed(plan.seed, kExam);
  Tally sense, words, copies, blind;
  std::map<std::string, Tally> by_type;
  constexpr std::int64_t kBatch = 50;
  for (std::int64_t i = 0; i < plan.exam / kBatch; ++i) {
    const SceneLesson exam = scene_exam(kBatch, seed, static_cast<std::uint64_t>(i));
    const auto questions = questions_alone(text, exam);
    const at::Tensor tokens = course.tokens(exam.scenes, false, seed + static_cast<std::uint64_t>(i));
    const auto seen = course.answers(questions, {{&taught.senses[0], tokens}});
    for (std::size_t k = 0; k < seen.size(); ++k) {
      sense.add(seen[k]);
      by_type[questions[k].type].add(seen[k]);
    }
    for (const bool hit : course.answers(questions, {})) blind.add(hit);
    for (const bool hit : course.answers(in_words(text, exam, seed), {})) words.add(hit);
  }
  for (const bool hit : course.answers(copy_exam(text, plan.exam / 2, seed), {})) copies.add(hit);
  LanguageReport report{sense.share(), words.share(), copies.share(), blind.share(), {}};
  for (const auto& [type, tally] : by_type) report.sense_by_type[type] = tally.share();
  return report;
}

}  // namespace lateral::recipe
