#pragma once
// Questions with their answers as one padded batch that enters the first connected block, and what the model
// says at the places where the answers stand.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/connector/answer_attachments.hpp"
#include "core/model/decoder.hpp"
#include "core/training/early_states.hpp"
#include "core/training/example.hpp"

namespace lateral::training {

/// The answer's ids are targets, one each; the text is prompt and answer without its last id.
struct TextBatch {
  at::Tensor hidden;   ///< [rows, T, hidden] entering the first connected block
  at::Tensor ids;      ///< int64 [rows, T], padded with 0
  at::Tensor valid;    ///< bool [rows, T]
  at::Tensor row;      ///< int64 [targets]: the row of each target
  at::Tensor column;   ///< int64 [targets]: the position whose state predicts it
  at::Tensor targets;  ///< int64 [targets]

  connector::TextView view() const { return {ids, valid}; }
};

/// The ids an example puts through the model: prompt and answer without the last id.
model::Ids sequence_of(const Example& example);

TextBatch text_batch(const EarlyStates& states, std::span<const Example* const> examples);

/// Logits [targets, vocab] of the batch's targets with `attachments` (null = none), which touch no block
/// below `first_block`, the one that `batch.hidden` enters.
at::Tensor target_logits(const model::Decoder& decoder, std::int64_t first_block, const TextBatch& batch,
                         model::Attachments* attachments);

std::vector<std::string> samples_of(std::span<const Example* const> examples);

}  // namespace lateral::training
