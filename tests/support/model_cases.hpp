#pragma once
// What transformers is compared with, recorded (oracle_test.cpp) or live (tests/parity): the same prompts run at
// once, from the cache, padded, and with late keys and values, as JSON describes them.

#include <ATen/ATen.h>

#include <limits>
#include <optional>
#include <vector>

#include "core/format/json.hpp"
#include "core/model/generate.hpp"

namespace lateral::test {

using format::json::Value;

inline model::Ids read_ids(const Value& list) {
  model::Ids ids;
  for (std::size_t i = 0; i < list.size(); ++i) ids.push_back(list[i].as_int());
  return ids;
}

inline std::vector<model::Ids> read_prompts(const Value& list) {
  std::vector<model::Ids> prompts;
  for (std::size_t i = 0; i < list.size(); ++i) prompts.push_back(read_ids(list[i]));
  return prompts;
}

inline model::GenerateOptions read_options(const Value& from) {
  using Early = model::GenerateOptions::EarlyStopping;
  model::GenerateOptions options;
  options.max_new_tokens = from.get("max_new_tokens", options.max_new_tokens);
  options.min_new_tokens = from.get("min_new_tokens", options.min_new_tokens);
  options.repetition_penalty = from.get("repetition_penalty", options.repetition_penalty);
  options.beams = from.get("num_beams", options.beams);
  options.length_penalty = from.get("length_penalty", options.length_penalty);
  options.ignore_eos = from.get("ignore_eos", false);
  const std::string early = from.get("early_stopping", "no");
  if (early == "yes") options.early_stopping = Early::Yes;
  if (early == "never") options.early_stopping = Early::Never;
  return options;
}

inline at::Tensor read_numbers(const Value& list) {
  std::vector<double> numbers;
  for (std::size_t i = 0; i < list.size(); ++i) numbers.push_back(list[i].as_double());
  return at::tensor(numbers);
}

/// The same keys and values for the blocks from `first` on, each with an alpha of its own.
class LateColumns final : public model::Attachments {
 public:
  LateColumns(const Value& from, const at::TensorOptions& options) : first_(from.at("first").as_int()) {
    const model::Ids shape = read_ids(from.at("shape"));
    const at::Tensor alphas = read_numbers(from.at("alphas")).to(options);
    for (std::int64_t i = 0; i < alphas.size(0); ++i) {
      model::Segment segment;
      segment.k = read_numbers(from.at("k")).view(shape).to(options);
      segment.v = read_numbers(from.at("v")).view(shape).to(options);
      segment.alpha = alphas[i];
      segments_.push_back(segment);
    }
  }

  int first_block() const override { return static_cast<int>(first_); }
  std::vector<model::Segment> segments(const model::BlockView& block, const at::Tensor&) override {
    return {segments_.at(static_cast<std::size_t>(block.index() - first_))};
  }
  std::optional<at::Tensor> branch(const model::BlockView&, const at::Tensor&) override {
    return std::nullopt;
  }
  model::KvDelta kv_delta(const model::BlockView&, const at::Tensor&) override { return {}; }
  void select_rows(const at::Tensor&) override {}

 private:
  std::int64_t first_;
  std::vector<model::Segment> segments_;
};

inline at::Tensor row_of(const model::Ids& ids) {
  return at::tensor(at::ArrayRef<std::int64_t>(ids)).unsqueeze(0);
}

/// [T * vocab] of one prompt, by one joint softmax.
inline at::Tensor logits_at_once(const model::Decoder& decoder, const model::Ids& prompt,
                                 model::Attachments* attachments) {
  model::Pass pass;
  pass.attachments = attachments;
  pass.path = model::AttentionPath::Joint;
  const at::Tensor states = decoder.forward(0, decoder.spec().layers, decoder.embed(row_of(prompt)), pass);
  return decoder.head(states).flatten();
}

/// The same from the cache: three columns at once, the others one by one, segments merged where they can be.
inline at::Tensor logits_in_steps(const model::Decoder& decoder, const model::Ids& prompt,
                                  model::Attachments* attachments) {
  model::KvCache cache(decoder.spec(), static_cast<std::int64_t>(prompt.size()));
  model::Pass pass;
  pass.cache = &cache;
  pass.attachments = attachments;
  const at::Tensor ids = row_of(prompt);
  std::vector<at::Tensor> parts;
  for (std::int64_t at = 0; at < ids.size(1);) {
    const std::int64_t count = at == 0 ? std::min<std::int64_t>(3, ids.size(1)) : 1;
    const at::Tensor positions = at::arange(at, at + count, at::kLong).unsqueeze(0);
    const at::Tensor hidden = decoder.embed(ids.narrow(1, at, count), positions);
    parts.push_back(decoder.head(decoder.forward(0, decoder.spec().layers, hidden, pass)).flatten());
    at += count;
  }
  return at::cat(parts);
}

/// Of each prompt [T * vocab], run as one batch padded on the left.
inline std::vector<at::Tensor> logits_of_batch(const model::Decoder& decoder,
                                               const std::vector<model::Ids>& prompts) {
  const model::Prefix prefix = model::make_prefix(decoder, prompts, decoder.spec().layers, 1);
  std::vector<at::Tensor> all;
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const auto length = static_cast<std::int64_t>(prompts[i].size());
    const at::Tensor states = prefix.hidden[static_cast<std::int64_t>(i)];
    all.push_back(decoder.head(states.narrow(0, states.size(0) - length, length)).flatten());
  }
  return all;
}

}  // namespace lateral::test
