#pragma once
// How often the model's answers are right: generated greedily, compared as text, with intervals; and what is
// reached without looking.

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/format/tokenizer.hpp"
#include "core/model/decoder.hpp"
#include "core/training/example.hpp"
#include "core/training/progress.hpp"
#include "core/training/senses.hpp"
#include "core/training/statistics.hpp"

namespace lateral::training {

struct EvaluateOptions {
  std::int64_t batch = 64;
  std::int64_t max_new_tokens = 12;  ///< or as many as the longest expected answer has
  std::int64_t end_id = -1;          ///< ends an answer, as in PromptFormat; -1 = the model's own
  CancelToken cancel;
  ProgressCallback progress;
};

struct Evaluation {
  Proportion exact;                           ///< exact matches (exact_match), with their 95 % interval
  double f1 = 0;                              ///< mean token F1
  std::map<std::string, Proportion> by_type;  ///< exact matches
  std::vector<std::string> answers;           ///< in the order of the examples
};

/// Asks all examples with `senses` attached; none = text only. Throws Cancelled, and what generate() throws.
Evaluation evaluate(const model::Decoder& decoder, const format::Tokenizer& tokenizer,
                    std::span<const Example> examples, const Senses& senses,
                    const EvaluateOptions& options = {});

/// The blind baseline: for each question text the answer most frequent in `known`, else that of its type,
/// else the most frequent of all; the alphabetically first where several are.
Evaluation majority_baseline(std::span<const Example> known, std::span<const Example> asked);

/// Compares given answers with the examples'. Throws InvalidArgument when their numbers differ.
Evaluation score(std::span<const Example> examples, std::vector<std::string> answers);

}  // namespace lateral::training
