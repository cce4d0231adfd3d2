#include "core/training/teach.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/random.hpp"
#include "core/training/agreement.hpp"
#include "core/training/batch_order.hpp"
#include "core/training/explained.hpp"
#include "core/training/fingerprint.hpp"
#include "core/training/held_out.hpp"
#include "core/training/mix_loss.hpp"
#include "core/training/paired_frames.hpp"
#include "core/training/trained_parts.hpp"

namespace lateral::training {
namespace {

constexpr const char* kPhase = "teach";
constexpr std::int64_t kFewestFrames = 8;
// The mispaired control needs another frame to look at.
constexpr std::int64_t kFewestHeldOut = 2;
// Agreement needs few words, so their states are always kept.
constexpr std::int64_t kStateBytes = std::int64_t{256} << 20;

enum Stream : std::uint64_t { kSplit, kFrames, kQueries, kQuestions };

void check_students_shape(const connector::AdapterInfo& teacher, const connector::AdapterInfo& student) {
  if (student.blocks != teacher.blocks || student.tau != teacher.tau ||
      student.base_model != teacher.base_model) {
    fail(Errc::InvalidArgument, kPhase, "the new connection must be of the teacher's model and blocks (",
         teacher.blocks.text(), "), and is of ", student.blocks.text(), "; start from student_info()");
  }
}

void check_held_out(const TeachOptions& options) {
  if (!(options.held_out_share > 0)) {
    fail(Errc::InvalidArgument, kPhase, "adapt.held_out_share is ", options.held_out_share,
         ", which keeps back no frame to judge by; it must be above 0");
  }
  if (options.most_held_out < kFewestHeldOut) {
    fail(Errc::InvalidArgument, kPhase, "most_held_out is ", options.most_held_out,
         "; two frames or more must be kept back to judge by");
  }
}

PairedFrames subset(const PairedFrames& all, const std::vector<std::int64_t>& rows) {
  PairedFrames some;
  for (const auto row : rows) some.ids.push_back(all.ids[static_cast<std::size_t>(row)]);
  const auto index = at::tensor(rows, at::kLong);
  some.teacher = rows_of(all.teacher, index);
  some.student = rows_of(all.student, index);
  return some;
}

class Teaching {
 public:
  Teaching(const model::Decoder& decoder, const connector::Adapter& teacher,
           const connector::Adapter& student, const Recording& recording, const QueryBank& bank,
           const TeachOptions& options)
      : decoder_(decoder),
        teacher_(teacher),
        student_(student),
        recording_(recording),
        bank_(bank),
        options_(options) {
    split(paired_frames(recording.frames, recording.teacher, recording.student, kFewestFrames,
                        options.run.progress));
    const c10::NoGradGuard no_grad;
    teacher_state_ = begin_without_text(teacher.source(), train_.teacher);
    if (teacher_state_ == nullptr)
      fail(Errc::InvalidArgument, kPhase, "the old sense saw nothing in any frame");
    frame_order_.emplace(static_cast<std::int64_t>(train_.ids.size()), options.frames_per_step,
                         mix_seed(options.seed, kFrames));
    query_order_.emplace(bank.positions(), options.queries_per_step, mix_seed(options.seed, kQueries));
  }

  Task task() {
    Task task;
    task.phase = kPhase;
    task.fingerprint = fingerprint();
    task.groups = {{"aligners", parameters_of(student_, "aligner."), options_.rate, options_.weight_decay}};
    task.schedule = {options_.warm_up, Decay::Cosine, 0.01};
    task.loss = [this](std::int64_t step) { return loss(step); };
    return task;
  }

  TeachReport report(TrainResult run) const {
    TeachReport report;
    report.run = std::move(run);
    report.frames = static_cast<std::int64_t>(train_.ids.size());
    report.held_out_frames = static_cast<std::int64_t>(held_out_.ids.size());
    report.unpaired_frames = unpaired_;
    explain(report);
    ask(report);
    judge(report, options_.thresholds);
    return report;
  }

 private:
  void split(const PairedFrames& all) {
    unpaired_ = static_cast<std::int64_t>(recording_.frames.size() - all.ids.size());
    const auto aside =
        held_out_ids(all.ids, options_.held_out_share, mix_seed(options_.seed, kSplit), kFewestHeldOut);
    std::vector<std::int64_t> train, held_out;
    for (std::size_t i = 0; i < all.ids.size(); ++i) {
      const bool is_aside =
          aside.count(all.ids[i]) != 0 && static_cast<std::int64_t>(held_out.size()) < options_.most_held_out;
      (is_aside ? held_out : train).push_back(static_cast<std::int64_t>(i));
    }
    train_ = subset(all, train);
    held_out_ = subset(all, held_out);
  }

  std::string fingerprint() const {
    Fingerprint print;
    print.add(kPhase)
        .add(teacher_.identity())
        .add(student_.identity())
        .add(bank_.model)
        .add(bank_.positions());
    print.add(bank_.queries.front().lse.sum(at::kDouble).item<double>()).add(options_.seed);
    print.add(options_.frames_per_step).add(options_.queries_per_step).add(options_.warm_up);
    print.add(options_.rate).add(options_.weight_decay);
    for (const auto& id : train_.ids) print.add(id);
    return print.text();
  }

  /// "mix": the mean over blocks of |O' - O|^2 / |O - O_text|^2, on some frames and some queries.
  at::Tensor loss(std::int64_t step) {
    const auto frames = at::tensor(frame_order_->at(step), at::kLong);
    const auto queries = at::tensor(query_order_->at(step), at::kLong);
    const auto teacher_state = teacher_state_->share();
    teacher_state->select_rows(frames);
    const auto student_state = begin_without_text(student_.source(), rows_of(train_.student, frames));
    const auto& blocks = teacher_.source().blocks().blocks();
    at::Tensor sum;
    for (const int block : blocks) {
      const auto asked = select(bank_.of(block), queries);
      const auto wanted = attention_with(asked, segment(teacher_, *teacher_state, block, asked)).detach();
      const auto got = attention_with(asked, segment(student_, *student_state, block, asked));
      const auto error = output_error(got, wanted, asked);
      const auto term = error.residual / error.change;
      sum = sum.defined() ? sum + term : term;
    }
    return sum / static_cast<double>(blocks.size());
  }

  model::Segment segment(const connector::Adapter& adapter, connector::SourceState& state, int block,
                         const BlockQueries& asked) const {
    return segment_without_text(decoder_, adapter.source(), state, block, asked.q);
  }

  void explain(TeachReport& report) const {
    const auto& old_source = teacher_.source();
    const auto& new_source = student_.source();
    const auto pairs = explained_variance(decoder_, old_source, new_source, held_out_, bank_, 0);
    report.explained = pairs.mean();
    report.explained_by_block = pairs.by_block;
    report.explained_mispaired =
        explained_variance(decoder_, old_source, new_source, held_out_, bank_, 1).mean();
    report.explained_frame_blind = explained_frame_blind(decoder_, old_source, held_out_, bank_).mean();
  }

  void ask(TeachReport& report) const {
    const auto questions = drawn_questions(held_out_.ids, bank_.questions, options_.questions_per_frame,
                                           mix_seed(options_.seed, kQuestions));
    EarlyStates states(decoder_, teacher_.source().blocks().first(), kStateBytes);
    std::vector<model::Ids> prompts;
    for (const auto& question : questions) prompts.push_back(question.prompt);
    states.keep(std::move(prompts), options_.run.cancel);
    const auto scores = [&](std::vector<Sense> senses) {
      const Senses attached(std::move(senses), decoder_.spec().layers);
      return first_id_scores(decoder_, states, attached, questions, options_.run.cancel);
    };
    const auto new_connection = connector::connection_of("student", student_);
    const auto text_only = scores({});
    const auto wanted = scores({{connector::connection_of("teacher", teacher_), recording_.teacher}});
    const auto got = scores({{new_connection, recording_.student}});
    const auto elsewhere = shuffled(recording_.student, held_out_.ids, options_.seed);
    const auto mispaired = scores({{new_connection, elsewhere}});

    const auto comparison = compare(wanted, got, text_only, questions);
    report.overall = comparison.overall;
    report.by_type = comparison.by_type;
    report.kl = comparison.kl;
    report.blind_kl = compare(wanted, text_only, text_only, questions).kl;
    report.mispaired = compare(wanted, mispaired, text_only, questions).overall;
  }

  const model::Decoder& decoder_;
  const connector::Adapter& teacher_;
  const connector::Adapter& student_;
  const Recording& recording_;
  const QueryBank& bank_;
  const TeachOptions& options_;
  PairedFrames train_, held_out_;
  std::int64_t unpaired_ = 0;
  std::unique_ptr<connector::SourceState> teacher_state_;
  std::optional<BatchOrder> frame_order_, query_order_;
};

RunOptions begun(RunOptions run) {
  if (!run.started) run.started = run.now();
  if (!run.budget.steps && !run.budget.seconds) run.budget.steps = 300;
  return run;
}

}  // namespace

connector::AdapterInfo student_info(const connector::AdapterInfo& teacher, const Student& student,
                                    std::uint64_t seed) {
  connector::AdapterInfo info = teacher;
  info.plugin = student.plugin;
  info.library = student.library;
  info.encoder = student.encoder;
  info.token_space = student.token_space;
  info.aligner.width = student.width;
  info.summary.reset();
  info.seed = seed;
  info.seen.reset();  // a gate and low-rank changes of the teacher belong to the teacher
  info.lora.reset();
  info.training.clear();
  return info;
}

TeachReport teach(const model::Decoder& decoder, const connector::Adapter& teacher,
                  connector::Adapter& student, const Recording& recording, const QueryBank& bank,
                  const TeachOptions& options) {
  const RunOptions run_options = begun(options.run);
  check_held_out(options);
  check_students_shape(teacher.info(), student.info());
  const auto& blocks = teacher.source().blocks().blocks();
  bank.check_serves(teacher.info().base_model, {blocks.begin(), blocks.end()});
  copy_by_name(parameters_of(teacher, "links."), parameters_of(student, "links."), kPhase);
  const RecordGradients recording_gradients(parameters_of(student, "aligner."));
  Teaching teaching(decoder, teacher, student, recording, bank, options);
  const auto run = train(teaching.task(), run_options);
  return teaching.report(run);
}

}  // namespace lateral::training
