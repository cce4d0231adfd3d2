#include "core/training/text_batch.hpp"

#include <ATen/ATen.h>

namespace lateral::training {

model::Ids sequence_of(const Example& example) {
  model::Ids ids = example.prompt;
  ids.insert(ids.end(), example.answer_ids.begin(), example.answer_ids.end() - 1);
  return ids;
}

TextBatch text_batch(const EarlyStates& states, std::span<const Example* const> examples) {
  std::vector<model::Ids> sequences;
  std::vector<std::int64_t> lengths, row, column, targets;
  for (const Example* example : examples) {
    auto position = static_cast<std::int64_t>(example->prompt.size()) - 1;
    for (const auto id : example->answer_ids) {
      row.push_back(static_cast<std::int64_t>(sequences.size()));
      column.push_back(position++);
      targets.push_back(id);
    }
    sequences.push_back(sequence_of(*example));
    lengths.push_back(static_cast<std::int64_t>(sequences.back().size()));
  }
  TextBatch batch;
  batch.hidden = states.batch(sequences);
  const auto device = batch.hidden.device();
  batch.ids = padded_ids(sequences).to(device);
  const auto positions = at::arange(batch.ids.size(1), batch.ids.options()).unsqueeze(0);
  batch.valid = positions.lt(at::tensor(lengths, at::kLong).to(device).unsqueeze(1));
  batch.row = at::tensor(row, at::kLong).to(device);
  batch.column = at::tensor(column, at::kLong).to(device);
  batch.targets = at::tensor(targets, at::kLong).to(device);
  return batch;
}

at::Tensor target_logits(const model::Decoder& decoder, std::int64_t first_block, const TextBatch& batch,
                         model::Attachments* attachments) {
  model::Pass pass;
  pass.attachments = attachments;
  // No `valid`: padding stands on the right, where the causal mask hides it from everything that counts.
  const auto hidden = decoder.forward(first_block, decoder.spec().layers, batch.hidden, pass);
  return decoder.head(hidden.index({batch.row, batch.column}));
}

std::vector<std::string> samples_of(std::span<const Example* const> examples) {
  std::vector<std::string> samples;
  for (const Example* example : examples) samples.push_back(example->sample);
  return samples;
}

}  // namespace lateral::training
