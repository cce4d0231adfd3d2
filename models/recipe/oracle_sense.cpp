#include "models/recipe/oracle_sense.hpp"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "core/base/error.hpp"
#include "models/recipe/initial.hpp"

namespace lateral::recipe {
namespace {

constexpr std::int64_t kKindsAndNothing = scenes::kKinds + 1;

/// What stands where, in bins: kind 0..7 or 8 for nothing; status 0, 1 or 2 for nothing.
struct Grid {
  at::Tensor kind, status;  // int64 [batch, 24]
};

Grid grid_of(const std::vector<scenes::Scene>& batch) {
  const auto rows = static_cast<std::int64_t>(batch.size());
  Grid grid{at::full({rows, scenes::kBins}, kKindsAndNothing - 1, at::kLong),
            at::full({rows, scenes::kBins}, 2, at::kLong)};
  auto kind = grid.kind.accessor<std::int64_t, 2>(), status = grid.status.accessor<std::int64_t, 2>();
  for (std::int64_t row = 0; row < rows; ++row) {
    for (const scenes::Object& object : batch[static_cast<std::size_t>(row)].objects) {
      kind[row][object.bin] = static_cast<std::int64_t>(object.kind);
      status[row][object.bin] = object.moving ? 1 : 0;
    }
  }
  return grid;
}

at::Tensor rows_of(const at::Tensor& table, const at::Tensor& ids) {
  return table.index_select(0, ids);
}

/// The codes of the words of one slot, picked for each bin: [batch, 24, hidden].
at::Tensor pick(const at::Tensor& codes, const at::Tensor& which) {
  return codes.index_select(0, which.flatten()).reshape({which.size(0), which.size(1), codes.size(1)});
}

/// Two words that begin with the same piece would be one code: nothing could tell them apart.
void check_distinct(std::vector<std::int64_t> ids) {
  std::sort(ids.begin(), ids.end());
  if (std::adjacent_find(ids.begin(), ids.end()) != ids.end()) {
    fail(Errc::InvalidArgument, "recipe",
         "the tokenizer has too few pieces: two words of the scenes begin alike");
  }
}

}  // namespace

SenseWords::SenseWords(const TextIds& text) {
  std::vector<std::int64_t> bearing, kind, status;
  for (int bin = 0; bin < scenes::kBins; ++bin) bearing.push_back(text.word(std::to_string(bin * 15)));
  for (int k = 0; k < scenes::kKinds; ++k)
    kind.push_back(text.word(scenes::name_of(static_cast<scenes::Kind>(k))));
  kind.push_back(text.word("nothing"));
  for (const bool moving : {false, true}) status.push_back(text.word(scenes::status_name(moving)));
  check_distinct(bearing);
  check_distinct(kind);
  check_distinct(status);
  bearings = at::tensor(bearing, at::kLong);
  kinds = at::tensor(kind, at::kLong);
  statuses = at::tensor(status, at::kLong);
}

OracleSense::OracleSense(const std::string& name, const model::Decoder& decoder, std::int64_t connected,
                         Random& random)
    : heads_(decoder.spec().kv_heads), head_dim_(decoder.spec().head_dim) {
  const auto hidden = decoder.spec().hidden, width = decoder.spec().kv_width();
  const auto& q = decoder.block(decoder.spec().layers - connected).weights().q.weight;
  k_ = q.detach().narrow(0, 0, width).clone().requires_grad_();
  v_ = normal({width, hidden}, 1.0 / std::sqrt(static_cast<double>(hidden)), random).requires_grad_();
  v_bias_ = at::zeros({width}).requires_grad_();
  links_ = at::ones({connected}).requires_grad_();
  parameters_ = {
      {name + ".k", k_}, {name + ".v", v_}, {name + ".v_bias", v_bias_}, {name + ".links", links_}};
}

model::Segment OracleSense::segment(const at::Tensor& tokens, std::int64_t i) const {
  const auto heads = [&](const at::Tensor& x) {
    return x.reshape({tokens.size(0), tokens.size(1), heads_, head_dim_}).transpose(1, 2);
  };
  model::Segment segment;
  segment.k = heads(at::linear(tokens, k_));
  segment.v = heads(at::linear(tokens, v_, v_bias_));
  segment.alpha = links_.select(0, i).sigmoid();
  return segment;
}

void share_queries(const model::Decoder& decoder, std::int64_t connected) {
  const c10::NoGradGuard no_gradients;
  const auto layers = decoder.spec().layers;
  const at::Tensor first = decoder.block(layers - connected).weights().q.weight;
  for (std::int64_t i = layers - connected + 1; i < layers; ++i)
    decoder.block(i).weights().q.weight.copy_(first);
}

at::Tensor oracle_tokens(const model::Decoder& decoder, const SenseWords& words,
                         const std::vector<scenes::Scene>& batch, const at::Tensor& unseen_code, bool unseen,
                         double noise, std::uint64_t noise_seed) {
  const at::Tensor table = decoder.outer().tokens;
  const at::Tensor bearings = rows_of(table, words.bearings);
  const auto rows = static_cast<std::int64_t>(batch.size());
  at::Tensor tokens;
  if (unseen) {
    tokens = (bearings + unseen_code).unsqueeze(0).expand({rows, scenes::kBins, table.size(1)});
  } else {
    const Grid grid = grid_of(batch);
    const at::Tensor statuses = at::cat({rows_of(table, words.statuses), at::zeros({1, table.size(1)})});
    tokens = bearings + pick(rows_of(table, words.kinds), grid.kind) + pick(statuses, grid.status);
  }
  tokens = tokens / (kEmbeddingDeviation * std::sqrt(3.0));
  if (noise == 0) return tokens;
  return tokens + noise * at::randn(tokens.sizes(), at::detail::createCPUGenerator(noise_seed), at::kFloat);
}

std::vector<model::Segment> OracleAttachments::segments(const model::BlockView& block, const at::Tensor&) {
  std::vector<model::Segment> all;
  if (block.index() < first_) return all;
  for (const Part& part : parts_) all.push_back(part.sense->segment(part.tokens, block.index() - first_));
  return all;
}

void OracleAttachments::select_rows(const at::Tensor& rows) {
  for (Part& part : parts_) part.tokens = part.tokens.index_select(0, rows);
}

}  // namespace lateral::recipe
