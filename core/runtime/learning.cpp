#include "core/runtime/learning.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <set>
#include <utility>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/hash.hpp"
#include "core/base/log.hpp"
#include "core/runtime/evaluation.hpp"
#include "core/training/adapt_labels.hpp"
#include "core/training/naming.hpp"
#include "core/training/teach.hpp"

namespace lateral::runtime {
namespace {

constexpr std::string_view kWhere = "adapt";
// Sixty questions are as good as two thousand (transfer.md, section 4); these leave room for every type.
constexpr std::size_t kBankQuestions = 240;
// One token must carry the spelling of every name: the n-th word piece has keys of its own to be found by.
constexpr std::int64_t kPairsBehindSummary = 8;
// Drawn moments differ more than recorded ones do, so more and smaller steps are worth more.
constexpr std::int64_t kDrawnBatch = 32;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::string percent(double share) {
  return std::to_string(static_cast<int>(100 * share + 0.5)) + " %";
}

std::vector<std::int64_t> block_numbers(const wiring::BlockSet& blocks) {
  return {blocks.blocks().begin(), blocks.blocks().end()};
}

// Held-out moments stay unseen, also by learning that needs no labels.
bool for_training(const Recording& recording) {
  return recording.split == "train";
}

std::vector<training::BankQuestion> bank_questions(const Language& language,
                                                   const std::vector<Recording>& recordings) {
  std::set<std::string> seen;
  std::vector<training::BankQuestion> questions;
  for (const Recording& recording : recordings) {
    if (!for_training(recording)) continue;
    for (const Question& question : recording.questions) {
      if (questions.size() == kBankQuestions) return questions;
      if (!seen.insert(question.text).second) continue;
      questions.push_back({.prompt = language.prompt_ids(question.text), .type = question.type});
    }
  }
  return questions;
}

std::string key_of(const std::vector<std::int64_t>& blocks,
                   const std::vector<training::BankQuestion>& questions) {
  Hash64 hash;
  hash.add(static_cast<std::uint64_t>(blocks.size()));
  for (const auto block : blocks) hash.add(block);
  for (const auto& [prompt, type] : questions) {
    hash.add(type).add(static_cast<std::uint64_t>(prompt.size()));
    for (const auto id : prompt) hash.add(id);
  }
  return hash.text();
}

std::filesystem::path shipped_file(const Language& language) {
  return language.folder() / "query-bank.safetensors";
}

/// Nothing where the model's folder has none for this model and these blocks.
std::optional<training::QueryBank> shipped_bank(const Language& language,
                                                const std::vector<std::int64_t>& blocks) {
  const auto file = shipped_file(language);
  if (!std::filesystem::exists(file)) return std::nullopt;
  auto bank = training::load_query_bank(file);
  const bool serves = bank.model == language.identity() &&
                      std::includes(bank.blocks.begin(), bank.blocks.end(), blocks.begin(), blocks.end());
  return serves ? std::optional(std::move(bank)) : std::nullopt;
}

/// Drops questions about moments that the sense did not record: only the words could answer them. Returns how many.
std::size_t drop_unrecorded(std::vector<training::Example>& examples,
                            const std::vector<Recording>& recordings, const std::string& sense) {
  std::set<std::string> recorded;
  for (const Recording& recording : recordings) {
    if (recording.senses.contains(sense)) recorded.insert(recording.id);
  }
  return std::erase_if(examples, [&](const auto& example) { return !recorded.contains(example.sample); });
}

}  // namespace

Learning::Learning(std::shared_ptr<const Language> language, const Sensors& sensors, ConnectionBook& book,
                   config::AdaptConfig options)
    : language_(std::move(language)), sensors_(sensors), book_(book), options_(options) {}

training::CheckpointOptions Learning::checkpoints_of(const AdaptRequest& request,
                                                     const config::ConnectionConfig& connection) const {
  training::CheckpointOptions checkpoints{.path = {}, .every_seconds = options_.checkpoint_seconds};
  if (!request.save || !connection.adapter) return checkpoints;
  if (connection.adapter->has_parent_path())
    std::filesystem::create_directories(connection.adapter->parent_path());
  checkpoints.path = connection.adapter->string() + ".checkpoint";
  return checkpoints;
}

const training::QueryBank& Learning::bank_for(const wiring::BlockSet& blocks, const AdaptRequest& request) {
  const auto numbers = block_numbers(blocks);
  auto questions = bank_questions(*language_, request.recordings);
  auto key = key_of(numbers, questions);
  if (bank_ && bank_->key == key) return bank_->bank;

  bank_.reset();
  auto bank = shipped_bank(*language_, numbers);
  if (!bank && questions.empty()) {
    fail(Errc::FailedPrecondition, kWhere,
         "teaching needs some questions (no answers) in the recordings, or ",
         shipped_file(*language_).string(), " made for this model");
  }
  if (!bank) {
    bank = training::make_query_bank(
        language_->decoder(), language_->identity(), numbers, std::move(questions),
        {.seed = options_.seed, .cancel = request.cancel, .progress = progress_to(request.progress)});
  }
  bank_ = KeptBank{std::move(key), *std::move(bank)};
  return bank_->bank;
}

Learning::Learned Learning::from_labels(const AdaptRequest& request,
                                        const config::ConnectionConfig& connection, const Sensor& sensor,
                                        training::RunOptions run) {
  auto examples = examples_of(*language_, request.recordings, {"train"});
  if (examples.empty()) {
    fail(Errc::InvalidArgument, kWhere,
         "no question with an answer in split \"train\"; see: lateral data check DIR");
  }
  const auto left_out = drop_unrecorded(examples, request.recordings, sensor.id());
  if (examples.empty()) {
    fail(Errc::InvalidArgument, kWhere,
         "none of the moments with answers in split \"train\" has data of plugin ", sensor.id(),
         "; name its files under \"inputs\" in samples.jsonl");
  }
  training::AdaptOptions options;
  options.tokens = std::make_shared<training::TokenCache>();
  const auto tokens = sensor.provider(request.recordings, request.cancel);
  auto info = book_.fresh_info(connection, sensor, options_.aligner_hidden, options_.seed);
  if (options_.summary)
    info.summary = training::summary_for(examples, training::cached(options.tokens, info.token_space, tokens),
                                         run.progress);
  if (info.summary) {
    info.aligner.width = info.summary->kinds;
    info.aligner.pairs = kPairsBehindSummary;
  }
  connector::Adapter adapter(std::move(info));
  run.budget.seconds = request.budget_seconds.value_or(options_.budget_seconds);
  if (options_.max_steps > 0) run.budget.steps = options_.max_steps;
  options.run = std::move(run);
  options.batch = adapter.info().summary ? std::min(options_.batch, kDrawnBatch) : options_.batch;
  options.aligner_rate = options_.aligner_rate;
  options.link_rate = options_.link_rate;
  options.lora_rate = options_.lora_rate;
  options.weight_decay = options_.weight_decay;
  options.token_dropout = options_.token_dropout;
  options.held_out_share = options_.held_out_share;
  // A fresh aligner may look idle for a hundred steps before it takes off; the best moment is kept all the same.
  options.early_stopping.patience = 0;
  options.seed = options_.seed;
  const auto report = training::adapt_labels(language_->decoder(), adapter, examples, tokens, options);

  Learned learned;
  AdaptResult& result = learned.result;
  result.steps = report.run.steps;
  result.samples = report.questions;
  const double blind = training::majority_baseline(examples, examples).exact.value;
  // What the words alone give on the training questions is a little more than they can give on others, so this check
  // is on the strict side.
  learned.accepted = report.held_out_questions > 0 && report.held_out.value > blind;
  result.measures = {{"accuracy", report.held_out.value}, {"blind", blind}};
  result.verdict = "held-out accuracy " + percent(report.held_out.value) + " (" +
                   std::to_string(report.held_out_questions) + " questions), guessing from the words alone " +
                   percent(blind) + (learned.accepted ? "" : ": nothing was learned from the sensor");
  if (left_out > 0)
    result.verdict += "; left out: " + std::to_string(left_out) + " questions about moments without its data";
  adapter.training() = {{"method", "labels"},
                        {"questions", std::to_string(report.questions)},
                        {"steps", std::to_string(report.run.steps)},
                        {"held_out_accuracy", std::to_string(report.held_out.value)}};
  learned.adapter = std::make_shared<const connector::Adapter>(adapter.clone());
  return learned;
}

Learning::Learned Learning::from_teacher(const AdaptRequest& request,
                                         const config::ConnectionConfig& connection, const Sensor& sensor,
                                         training::RunOptions run) {
  const auto teacher_sensor = sensors_.at(*request.teacher);
  const auto& teacher_connection = book_.only_of_plugin(*request.teacher);
  const auto teacher = book_.adapter_for(teacher_connection.name);

  if (!connection.blocks.automatic() &&
      blocks_of(connection.blocks, language_->layers()) != teacher->info().blocks) {
    fail(Errc::InvalidArgument, kWhere, connection.blocks.where.text(),
         ": a taught sense reaches the blocks of its teacher, ", teacher->info().blocks.text(),
         "; write these, or \"auto\"");
  }
  connector::Adapter student(training::student_info(teacher->info(),
                                                    {.plugin = sensor.id(),
                                                     .library = sensor.library_id(),
                                                     .encoder = sensor.spec().name,
                                                     .token_space = sensor.spec().token_space,
                                                     .width = sensor.spec().token_width},
                                                    options_.seed));
  training::Recording recording{.frames = {},
                                .teacher = teacher_sensor->provider(request.recordings, request.cancel),
                                .student = sensor.provider(request.recordings, request.cancel)};
  for (const Recording& moment : request.recordings) {
    if (for_training(moment)) recording.frames.push_back(moment.id);
  }

  training::TeachOptions options;
  run.budget = {.steps = options_.teach_steps, .seconds = request.budget_seconds};
  options.run = std::move(run);
  options.rate = options_.teach_rate;
  // Few frames are set aside, so each is asked much: judging needs answers that the old sense changed.
  options.questions_per_frame = 20;
  options.held_out_share = options_.held_out_share;
  options.weight_decay = options_.weight_decay;
  options.seed = options_.seed;
  const auto report = training::teach(language_->decoder(), *teacher, student, recording,
                                      bank_for(teacher->info().blocks, request), options);

  Learned learned;
  AdaptResult& result = learned.result;
  learned.accepted = report.accepted;
  result.steps = report.run.steps;
  result.samples = report.frames;
  result.verdict = report.message;
  result.measures = {{"explained", report.explained},
                     {"explained_mispaired", report.explained_mispaired},
                     {"skill", report.overall.skill.value},
                     {"agreement", report.overall.agree.value},
                     {"kl", report.kl},
                     {"blind_kl", report.blind_kl}};
  student.training() = {{"method", "taught"},
                        {"teacher", *request.teacher},
                        {"frames", std::to_string(report.frames)},
                        {"explained", std::to_string(report.explained)},
                        {"skill", std::to_string(report.overall.skill.value)}};
  learned.adapter = std::make_shared<const connector::Adapter>(student.clone());
  return learned;
}

AdaptResult Learning::adapt(const AdaptRequest& request) {
  const auto start = std::chrono::steady_clock::now();
  const auto sensor = sensors_.at(request.plugin);
  const auto& connection = book_.only_of_plugin(request.plugin);
  if (request.save && !connection.adapter) {
    fail(Errc::FailedPrecondition, kWhere, "connection ", connection.name,
         " has no adapter = \"FILE\" in the configuration to keep what is learned in");
  }
  training::RunOptions run;
  run.started = start;
  run.checkpoint = checkpoints_of(request, connection);
  run.cancel = request.cancel;
  run.progress = progress_to(request.progress);
  Learned learned = request.teacher ? from_teacher(request, connection, *sensor, std::move(run))
                                    : from_labels(request, connection, *sensor, std::move(run));
  AdaptResult& result = learned.result;
  result.connection = connection.name;
  if (learned.accepted || request.force) {
    if (!learned.accepted)
      log::warn(kWhere, connection.name, " is attached although it failed its check (forced)");
    result.adapter = book_.publish(connection.name, learned.adapter, request.save);
    result.attached = true;
  }
  // The result is published or refused: either way there is nothing left to resume.
  if (const auto checkpoints = checkpoints_of(request, connection); !checkpoints.path.empty()) {
    std::error_code ignored;
    std::filesystem::remove(checkpoints.path, ignored);
  }
  result.seconds = seconds_since(start);
  return result;
}

}  // namespace lateral::runtime
