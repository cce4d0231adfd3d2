#pragma once
// Questions that nothing is learned from, put to what has been learned so far.

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/model/decoder.hpp"
#include "core/training/early_states.hpp"
#include "core/training/example.hpp"
#include "core/training/senses.hpp"
#include "core/training/statistics.hpp"
#include "core/training/text_batch.hpp"

namespace lateral::training {

/// Scores of the answers' ids [targets, vocab] with `senses` attached.
at::Tensor answer_scores(const model::Decoder& decoder, const EarlyStates& states, const Senses& senses,
                         const TextBatch& batch, std::span<const Example* const> examples,
                         const TokenDropout& dropout = {});

/// Refers to what it is made of. Not thread-safe.
class HeldOutQuestions {
 public:
  struct Right {
    Proportion all;  ///< answers whose every id has the highest score, given those before it
    std::map<std::string, Proportion> by_type;
  };

  HeldOutQuestions(const model::Decoder& decoder, const EarlyStates& states, const Senses& senses,
                   std::vector<const Example*> examples, std::int64_t batch, CancelToken cancel);

  bool empty() const { return examples_.empty(); }
  std::int64_t count() const { return static_cast<std::int64_t>(examples_.size()); }
  double loss() const;  ///< mean cross-entropy of an id. Throws Cancelled
  Right right() const;  ///< Throws Cancelled

 private:
  using Visit = std::function<void(std::span<const Example* const> examples, const TextBatch& batch,
                                   const at::Tensor& scores)>;
  void visit(const Visit& each) const;

  const model::Decoder& decoder_;
  const EarlyStates& states_;
  const Senses& senses_;
  std::vector<const Example*> examples_;
  std::int64_t batch_;
  CancelToken cancel_;
};

}  // namespace lateral::training
