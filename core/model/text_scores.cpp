#include "core/model/text_scores.hpp"

#include <ATen/ATen.h>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

namespace lateral::model {

at::Tensor alibi_slopes(std::int64_t heads) {
  const auto power = static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(heads)));
  std::vector<float> slopes;
  for (std::int64_t i = 1; i <= power; ++i)
    slopes.push_back(
        static_cast<float>(std::exp2(-8.0 * static_cast<double>(i) / static_cast<double>(power))));
  for (std::int64_t i = 1; static_cast<std::int64_t>(slopes.size()) < heads; i += 2) {
    slopes.push_back(
        static_cast<float>(std::exp2(-4.0 * static_cast<double>(i) / static_cast<double>(power))));
  }
  return at::tensor(slopes);
}

at::Tensor causal_columns(std::int64_t rows, std::int64_t past, std::int64_t window,
                          const at::TensorOptions& options) {
  const at::Tensor causal = at::ones({rows, past + rows}, options.dtype(at::kBool)).tril(past);
  return window > 0 ? causal.triu(past - window + 1) : causal;
}

at::Tensor text_scores(const DecoderSpec& spec, const at::Tensor& visible, const at::Tensor& row_positions,
                       const at::Tensor& column_positions, const at::TensorOptions& options) {
  const at::TensorOptions plain = options.requires_grad(false);
  const at::Tensor hidden = visible.to(plain.device()).logical_not().unsqueeze(1);
  at::Tensor scores = at::zeros(hidden.sizes(), plain);
  if (spec.positions == PositionKind::Alibi) {
    const at::Tensor distance =
        (row_positions.unsqueeze(2) - column_positions.unsqueeze(1)).to(plain.device());
    const at::Tensor slopes = alibi_slopes(spec.heads).to(plain.device()).view({1, -1, 1, 1});
    scores = (distance.unsqueeze(1) * -slopes).to(plain);
  }
  return scores.masked_fill(hidden, -std::numeric_limits<double>::infinity());
}

}  // namespace lateral::model
