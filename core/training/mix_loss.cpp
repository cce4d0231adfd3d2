#include "core/training/mix_loss.hpp"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>

#include "core/base/error.hpp"

namespace lateral::training {
namespace {

constexpr const char* kWhere = "mix loss";

at::Tensor per_head(const at::Tensor& x, std::int64_t heads) {
  return x.size(1) == heads ? x : x.repeat_interleave(heads / x.size(1), 1);
}

void check_shapes(const BlockQueries& queries, const model::Segment& segment) {
  const std::int64_t heads = queries.q.size(1);
  const bool fits = segment.k.dim() == 4 && segment.k.sizes() == segment.v.sizes() &&
                    heads % segment.k.size(1) == 0 && segment.k.size(3) == queries.q.size(2);
  if (!fits) {
    fail(Errc::InvalidArgument, kWhere, "keys ", segment.k.sizes(), " and values ", segment.v.sizes(),
         " do not fit queries ", queries.q.sizes());
  }
}

at::Tensor masked_scores(const at::Tensor& q, const at::Tensor& k, const model::Segment& segment) {
  // [F, heads, P, M]
  auto scores = at::matmul(q, k.transpose(-1, -2)) / std::sqrt(static_cast<double>(q.size(-1)));
  if (segment.alpha.defined()) scores = scores * segment.alpha;
  if (segment.score_bias.defined()) scores = scores + segment.score_bias;
  if (!segment.present.defined()) return scores;
  // A frame without any token keeps finite scores here and gets no share below: a softmax over nothing is
  // NaN, and NaN survives a multiplication by 0.
  const auto absent = segment.present.logical_not().logical_and(segment.present.any(-1, true));
  return scores.masked_fill(absent.unsqueeze(1).unsqueeze(1), -std::numeric_limits<double>::infinity());
}

/// 1 for frames with a token, 0 for others: [F or 1, 1, 1, 1], or 1 where all tokens are present.
at::Tensor has_tokens(const model::Segment& segment) {
  if (!segment.present.defined()) return at::ones({}, segment.k.options());
  return segment.present.any(-1).to(segment.k.scalar_type()).view({-1, 1, 1, 1});
}

}  // namespace

BlockQueries select(const BlockQueries& queries, const at::Tensor& rows) {
  const auto index = rows.to(queries.q.device());
  return {queries.q.index_select(0, index), queries.output.index_select(0, index),
          queries.lse.index_select(0, index)};
}

at::Tensor attention_with(const BlockQueries& queries, const model::Segment& segment) {
  check_shapes(queries, segment);
  const std::int64_t heads = queries.q.size(1);
  const auto q = queries.q.transpose(0, 1).unsqueeze(0);           // [1, heads, P, head_dim]
  const auto text = queries.output.transpose(0, 1).unsqueeze(0);   // likewise
  const auto text_lse = queries.lse.transpose(0, 1).unsqueeze(0);  // [1, heads, P]
  const auto scores = masked_scores(q, per_head(segment.k, heads), segment);
  auto modality = at::matmul(scores.softmax(-1), per_head(segment.v, heads));
  if (segment.alpha.defined()) modality = modality * segment.alpha;
  if (segment.merge == model::Merge::Gated)
    return text + segment.gate.tanh() * has_tokens(segment) * modality;
  const auto share = (scores.logsumexp(-1) - text_lse).sigmoid().unsqueeze(-1) * has_tokens(segment);
  return text + share * (modality - text);
}

OutputError output_error(const at::Tensor& student, const at::Tensor& teacher, const BlockQueries& queries) {
  const auto text = queries.output.transpose(0, 1).unsqueeze(0);
  return {(student - teacher).square().mean(), (teacher - text).square().mean()};
}

}  // namespace lateral::training
