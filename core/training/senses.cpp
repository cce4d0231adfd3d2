#include "core/training/senses.hpp"

#include <ATen/ATen.h>

#include <map>
#include <utility>

#include "core/base/random.hpp"

namespace lateral::training {

connector::Tokens drop_tokens(const connector::Tokens& tokens, const TokenDropout& dropout) {
  if (dropout.probability <= 0) return tokens;
  const std::int64_t rows = tokens.values.size(0), columns = tokens.values.size(1);
  Random random(dropout.seed);
  auto stays = at::empty({rows, columns}, at::kBool);
  bool* const cells = stays.mutable_data_ptr<bool>();
  for (std::int64_t i = 0; i < rows * columns; ++i)
    cells[i] = !random.chance(static_cast<float>(dropout.probability));
  stays = stays.to(tokens.values.device());
  const auto present =
      tokens.present.defined() ? tokens.present.expand({rows, columns}) : at::ones_like(stays);
  const auto kept = present.logical_and(stays);
  // A row that would lose everything loses nothing: an absent sense is another thing than a thinned one.
  return {tokens.values, at::where(kept.any(1, true), kept, present)};
}

std::optional<connector::Tokens> tokens_of(const TokenProvider& tokens,
                                           const std::vector<std::string>& samples) {
  std::vector<std::optional<connector::Tokens>> rows;
  for (const auto& sample : samples) rows.push_back(tokens(sample));
  return connector::batch_of(rows);
}

Senses::Senses(std::vector<Sense> senses, std::int64_t layers) : senses_(std::move(senses)), layers_(layers) {
  connector::Wiring wiring;
  for (const auto& sense : senses_) wiring = wiring.with(sense.connection);
  wiring_ = std::make_shared<const connector::Wiring>(std::move(wiring));
}

std::unique_ptr<connector::AnswerAttachments> Senses::attach(const std::vector<std::string>& samples,
                                                             const connector::TextView& text,
                                                             const TokenDropout& dropout) const {
  std::map<std::string, connector::Tokens> tokens;
  std::uint64_t stream = 0;
  for (const auto& sense : senses_) {
    auto batch = tokens_of(sense.tokens, samples);
    const TokenDropout own{dropout.probability, mix_seed(dropout.seed, stream++)};
    if (batch) tokens.emplace(sense.connection->id, drop_tokens(*batch, own));
  }
  return connector::attach_for_batch(wiring_, static_cast<int>(layers_), tokens, text);
}

std::int64_t Senses::first_block() const {
  return wiring_->first_block(static_cast<int>(layers_));
}

}  // namespace lateral::training
