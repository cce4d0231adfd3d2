#include "core/model/beam_search.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "core/model/scores.hpp"

namespace lateral::model {
namespace {

using EarlyStopping = GenerateOptions::EarlyStopping;

constexpr float kNever = -1e9F;  // transformers' finite stand-in for impossible

struct Beam {
  Ids ids;
  float score = kNever;     // running: summed log-probability; finished: divided by length^penalty
  std::int64_t parent = 0;  // the beam it continues
};

struct Rules {
  const GenerateOptions& options;
  std::span<const std::int64_t> eos;
  std::int64_t max_new_tokens;

  std::size_t beams() const { return static_cast<std::size_t>(options.beams); }
  bool ends(const Ids& ids) const {
    return static_cast<std::int64_t>(ids.size()) >= max_new_tokens ||
           std::find(eos.begin(), eos.end(), ids.back()) != eos.end();
  }
  float by_length(float score, std::size_t length) const {
    return score / std::pow(static_cast<float>(length), static_cast<float>(options.length_penalty));
  }
  // So many that as many beams as asked for go on even if all the best ones end.
  std::int64_t candidates() const {
    return std::max<std::int64_t>(2, 1 + static_cast<std::int64_t>(eos.size())) * options.beams;
  }
};

/// The beams of one prompt.
class Search {
 public:
  Search(const Rules& rules, const Ids& prompt) : rules_(rules), prompt_(prompt), running_(rules.beams()) {
    running_.front().score = 0.0F;  // all beams begin alike: only the first may be continued
  }

  bool done() const { return done_; }
  const std::vector<Beam>& running() const { return running_; }
  const Beam& best() const { return finished_.front(); }

  /// `log_probabilities` [beams, vocab], float32, its own memory.
  void advance(at::Tensor log_probabilities) {
    const std::vector<Beam> candidates = best_continuations(log_probabilities);
    finish(candidates);
    go_on(candidates);
    done_ = !may_improve() || (rules_.options.early_stopping == EarlyStopping::Yes && full()) ||
            std::all_of(candidates.begin(), candidates.end(),
                        [&](const Beam& beam) { return rules_.ends(beam.ids); });
  }

 private:
  std::vector<Beam> best_continuations(at::Tensor& log_probabilities) const {
    const std::int64_t vocab = log_probabilities.size(1);
    float* const scores = log_probabilities.mutable_data_ptr<float>();
    for (std::size_t i = 0; i < running_.size(); ++i) {
      const std::span<float> row(scores + static_cast<std::int64_t>(i) * vocab,
                                 static_cast<std::size_t>(vocab));
      process(row, prompt_, running_[i].ids, rules_.options, rules_.eos);
      for (float& score : row) score += running_[i].score;
    }
    const std::int64_t wanted = std::min(rules_.candidates(), log_probabilities.numel());
    const auto [values, indices] = log_probabilities.view(-1).topk(wanted);
    std::vector<Beam> candidates;
    for (std::int64_t i = 0; i < wanted; ++i) {
      const std::int64_t index = indices.const_data_ptr<std::int64_t>()[i];
      Beam beam{running_[static_cast<std::size_t>(index / vocab)].ids, values.const_data_ptr<float>()[i],
                index / vocab};
      beam.ids.push_back(index % vocab);
      candidates.push_back(std::move(beam));
    }
    return candidates;
  }

  // Only the best `beams` candidates may end an answer; the others exist so that the search can go on.
  void finish(const std::vector<Beam>& candidates) {
    for (std::size_t i = 0; i < std::min(rules_.beams(), candidates.size()); ++i) {
      if (!rules_.ends(candidates[i].ids)) continue;
      Beam ended = candidates[i];
      ended.score = rules_.by_length(ended.score, ended.ids.size());
      finished_.push_back(std::move(ended));
    }
    std::stable_sort(finished_.begin(), finished_.end(),
                     [](const Beam& a, const Beam& b) { return a.score > b.score; });
    if (finished_.size() > rules_.beams()) finished_.resize(rules_.beams());
  }

  void go_on(std::vector<Beam> candidates) {
    for (Beam& beam : candidates) {
      if (rules_.ends(beam.ids)) beam.score += kNever;
    }
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const Beam& a, const Beam& b) { return a.score > b.score; });
    candidates.resize(rules_.beams(), candidates.back());
    running_ = std::move(candidates);
  }

  bool full() const { return finished_.size() == rules_.beams(); }

  // Could a running beam still beat the worst finished one? With "never" and a penalty that favours length,
  // at the greatest length; else at the present one: a heuristic of transformers, kept because it decides
  // the result.
  bool may_improve() const {
    if (!full()) return true;
    const bool far =
        rules_.options.early_stopping == EarlyStopping::Never && rules_.options.length_penalty > 0.0;
    const std::size_t length =
        far ? static_cast<std::size_t>(rules_.max_new_tokens) : running_.front().ids.size();
    return rules_.by_length(running_.front().score, length) > finished_.back().score;
  }

  const Rules& rules_;
  const Ids& prompt_;
  std::vector<Beam> running_, finished_;  // best first
  bool done_ = false;
};

bool is_identity(const std::vector<std::int64_t>& rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] != static_cast<std::int64_t>(i)) return false;
  }
  return true;
}

void advance_session(Session& session, const std::vector<Search>& searches, std::int64_t beams) {
  std::vector<std::int64_t> rows;
  Ids ids;
  for (const Search& search : searches) {
    const auto first = static_cast<std::int64_t>(rows.size());
    for (std::int64_t i = 0; i < beams; ++i) {
      const Beam& beam = search.running()[static_cast<std::size_t>(i)];
      rows.push_back(search.done() ? first + i : first + beam.parent);
      ids.push_back(beam.ids.back());
    }
  }
  if (!is_identity(rows)) session.select_rows(rows);
  session.step(ids);
}

void repeat_rows(Session& session, std::int64_t beams) {
  std::vector<std::int64_t> rows;
  for (std::int64_t row = 0; row < session.rows(); ++row)
    rows.insert(rows.end(), static_cast<std::size_t>(beams), row);
  session.select_rows(rows);
}

Answer answer_of(const Beam& beam, std::span<const std::int64_t> eos) {
  const bool ended = std::find(eos.begin(), eos.end(), beam.ids.back()) != eos.end();
  return {beam.ids, ended ? StopReason::Eos : StopReason::Length, {}, beam.score};
}

}  // namespace

std::vector<Answer> beam_search(Session& session, const std::vector<Ids>& prompts,
                                const GenerateOptions& options, std::span<const std::int64_t> eos,
                                std::int64_t max_new_tokens) {
  const Rules rules{options, eos, max_new_tokens};
  std::vector<Search> searches;
  for (const Ids& prompt : prompts) searches.emplace_back(rules, prompt);
  const auto all_done = [&] {
    return std::all_of(searches.begin(), searches.end(), [](const Search& search) { return search.done(); });
  };
  repeat_rows(session, options.beams);
  while (true) {
    options.cancel.check("generate");
    const at::Tensor log_probabilities = at::log_softmax(session.logits(), -1);
    for (std::size_t i = 0; i < searches.size(); ++i) {
      if (searches[i].done()) continue;
      searches[i].advance(
          log_probabilities.narrow(0, static_cast<std::int64_t>(i) * options.beams, options.beams));
    }
    if (all_done()) break;
    advance_session(session, searches, options.beams);
  }
  std::vector<Answer> answers;
  for (const Search& search : searches) answers.push_back(answer_of(search.best(), eos));
  return answers;
}

}  // namespace lateral::model
