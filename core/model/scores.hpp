#pragma once
// What happens to one row of scores between the model and the chosen token. Meanings and order follow
// transformers' logits processors: repetition penalty, minimum length, then temperature, top-k, top-p.

#include <cstdint>
#include <span>

#include "core/base/random.hpp"
#include "core/model/generate.hpp"

namespace lateral::model {

/// Divides positive and multiplies negative scores of the ids that occur; each id once.
void penalize_repetition(std::span<float> scores, std::span<const std::int64_t> prompt,
                         std::span<const std::int64_t> answer, double penalty);

/// Makes ids impossible.
void forbid(std::span<float> scores, std::span<const std::int64_t> ids);

/// Penalty and minimum length of `options` for an answer so far.
void process(std::span<float> scores, const Ids& prompt, const Ids& answer, const GenerateOptions& options,
             std::span<const std::int64_t> eos);
bool needs_processing(const GenerateOptions& options, std::size_t answer_length);

/// The first of the largest.
std::int64_t best_of(std::span<const float> scores);

/// Draws from softmax(scores / temperature) restricted to top_k and top_p.
std::int64_t draw(std::span<const float> scores, const GenerateOptions& options, Random& random);

}  // namespace lateral::model
