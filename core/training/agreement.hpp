#pragma once
// Whether two senses lead the language model to the same answers.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/model/decoder.hpp"
#include "core/training/early_states.hpp"
#include "core/training/query_bank.hpp"
#include "core/training/senses.hpp"
#include "core/training/teach_report.hpp"

namespace lateral::training {

/// `per_frame` questions about each frame, drawn from `questions`; the answers are not known and not needed.
std::vector<Example> drawn_questions(const std::vector<std::string>& frames,
                                     const std::vector<BankQuestion>& questions, std::int64_t per_frame,
                                     std::uint64_t seed);

/// Log-probabilities [examples, vocab] of each answer's first id.
at::Tensor first_id_scores(const model::Decoder& decoder, const EarlyStates& states, const Senses& senses,
                           const std::vector<Example>& examples, const CancelToken& cancel);

struct Comparison {
  Agreement overall;
  std::map<std::string, Agreement> by_type;
  double kl = 0;  ///< mean KL(teacher || student)
};
/// All three [examples, vocab] log-probabilities.
Comparison compare(const at::Tensor& teacher, const at::Tensor& student, const at::Tensor& text_only,
                   const std::vector<Example>& examples);

}  // namespace lateral::training
