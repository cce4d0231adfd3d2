#include "core/model/generate.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/random.hpp"
#include "core/model/beam_search.hpp"
#include "core/model/scores.hpp"
#include "core/model/session.hpp"

namespace lateral::model {
namespace {

void require(bool holds, std::string_view what) {
  if (!holds) fail(Errc::InvalidArgument, "generate", what);
}

void check(const GenerateOptions& options, const DecoderSpec& spec) {
  require(options.max_new_tokens >= 1, "max_new_tokens must be at least 1");
  require(options.repetition_penalty > 0.0, "repetition_penalty must be positive");
  require(options.temperature > 0.0, "temperature must be positive; greedy answers need sample = false");
  require(options.top_p > 0.0 && options.top_p <= 1.0, "top_p must be in (0, 1]");
  require(options.top_k >= 0, "top_k must not be negative; 0 takes all");
  require(options.beams >= 1, "beams must be at least 1");
  require(options.beams == 1 || !options.sample, "beams and sampling exclude each other");
  require(options.beams == 1 || !options.stop, "a stop callback cannot judge beams");
  for (const std::int64_t id : options.eos)
    require(id >= 0 && id < spec.vocab, "an eos id is outside the vocabulary");
}

/// One answer of the batch while it grows.
class Row {
 public:
  Row(std::size_t index, const Ids& prompt, const GenerateOptions& options, std::span<const std::int64_t> eos)
      : index_(index), prompt_(prompt), options_(options), eos_(eos), random_(options.seed, index) {}

  bool done() const { return done_; }
  std::int64_t last_id() const { return answer_.ids.back(); }
  Answer take() { return std::move(answer_); }

  void choose(std::span<const float> scores, std::int64_t max_new_tokens) {
    answer_.ids.push_back(chosen(scores));
    if (options_.on_token) options_.on_token(index_, last_id());
    if (std::find(eos_.begin(), eos_.end(), last_id()) != eos_.end()) {
      end(StopReason::Eos, scores);
    } else if (options_.stop && options_.stop(index_, answer_.ids)) {
      end(StopReason::Stop, scores);
    } else if (static_cast<std::int64_t>(answer_.ids.size()) >= max_new_tokens) {
      end(StopReason::Length, scores);
    }
  }

 private:
  std::int64_t chosen(std::span<const float> scores) {
    std::vector<float> own;
    if (needs_processing(options_, answer_.ids.size())) {
      own.assign(scores.begin(), scores.end());
      process(own, prompt_, answer_.ids, options_, eos_);
      scores = own;
    }
    return options_.sample ? draw(scores, options_, random_) : best_of(scores);
  }

  void end(StopReason reason, std::span<const float> scores) {
    done_ = true;
    answer_.reason = reason;
    answer_.last_logits = at::empty({static_cast<std::int64_t>(scores.size())}, at::kFloat);
    std::copy(scores.begin(), scores.end(), answer_.last_logits.mutable_data_ptr<float>());
  }

  std::size_t index_;
  const Ids& prompt_;
  const GenerateOptions& options_;
  std::span<const std::int64_t> eos_;
  Random random_;
  Answer answer_;
  bool done_ = false;
};

std::vector<Answer> token_by_token(Session& session, const std::vector<Ids>& prompts,
                                   const GenerateOptions& options, std::span<const std::int64_t> eos,
                                   std::int64_t max_new_tokens) {
  std::vector<Row> rows;
  for (const Ids& prompt : prompts) rows.emplace_back(rows.size(), prompt, options, eos);
  while (true) {
    options.cancel.check("generate");
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (!rows[i].done()) rows[i].choose(session.row(static_cast<std::int64_t>(i)), max_new_tokens);
    }
    if (std::all_of(rows.begin(), rows.end(), [](const Row& row) { return row.done(); })) break;
    Ids next;
    for (const Row& row : rows) next.push_back(row.last_id());  // ended rows run on; nobody reads them
    session.step(next);
  }
  std::vector<Answer> answers;
  for (Row& row : rows) answers.push_back(row.take());
  return answers;
}

}  // namespace

std::vector<Answer> generate(const Decoder& decoder, const Prefix& prefix, const GenerateOptions& options,
                             Attachments* attachments) {
  check(options, decoder.spec());
  const at::NoGradGuard no_gradients;
  const std::int64_t columns = prefix.hidden.size(1);
  // The last token is chosen but never run, so it needs no position.
  const std::int64_t limit = std::min(options.max_new_tokens, decoder.spec().max_positions - columns + 1);
  Ids eos = options.eos.empty() ? decoder.spec().eos : options.eos;
  if (options.ignore_eos) eos.clear();
  Session session(decoder, prefix, limit, attachments);
  if (options.beams == 1) return token_by_token(session, prefix.prompts, options, eos, limit);
  auto answers = beam_search(session, prefix.prompts, options, eos, limit);
  for (std::size_t row = 0; options.on_token && row < answers.size(); ++row) {
    for (const std::int64_t id : answers[row].ids) options.on_token(row, id);
  }
  return answers;
}

std::vector<Answer> generate(const Decoder& decoder, const std::vector<Ids>& prompts,
                             const GenerateOptions& options, Attachments* attachments) {
  const std::int64_t touched = attachments != nullptr ? attachments->first_block() : decoder.spec().layers;
  const std::int64_t first = std::min(touched, decoder.spec().layers);
  return generate(decoder, make_prefix(decoder, prompts, first, options.max_new_tokens), options,
                  attachments);
}

}  // namespace lateral::model
