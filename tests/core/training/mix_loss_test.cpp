#include "core/training/mix_loss.hpp"

#include <ATen/ATen.h>

#include <cmath>

#include "core/base/error.hpp"
#include "tests/core/training/fixtures.hpp"
#include "tests/support/catch.hpp"

using Catch::Approx;
using namespace lateral;
using namespace lateral::training;

namespace {

constexpr std::int64_t kFrames = 3, kHeads = 4, kKvHeads = 2, kPositions = 5, kTokens = 6, kDim = 8;

BlockQueries some_queries() {
  return {test::drawn({kPositions, kHeads, kDim}, 1), test::drawn({kPositions, kHeads, kDim}, 2),
          test::drawn({kPositions, kHeads}, 3)};
}

model::Segment some_segment(std::uint64_t seed) {
  model::Segment segment;
  segment.k = test::drawn({kFrames, kKvHeads, kTokens, kDim}, seed);
  segment.v = test::drawn({kFrames, kKvHeads, kTokens, kDim}, seed + 1);
  segment.alpha = at::scalar_tensor(0.6);
  return segment;
}

double number(const at::Tensor& x, std::initializer_list<std::int64_t> index) {
  at::Tensor at = x;
  for (const auto i : index) at = at[i];
  return at.item<double>();
}

/// transfer.md, section 1, for one frame, head and position, in plain float64 loops.
std::vector<double> reference(const BlockQueries& queries, const model::Segment& segment, std::int64_t f,
                              std::int64_t head, std::int64_t p) {
  const std::int64_t group = head / (kHeads / kKvHeads);
  const double alpha = segment.alpha.item<double>();
  std::vector<double> scores, output(kDim, 0.0);
  std::vector<std::int64_t> columns;
  for (std::int64_t m = 0; m < kTokens; ++m) {
    if (segment.present.defined() && !segment.present[f][m].item<bool>()) continue;
    double score = 0;
    for (std::int64_t d = 0; d < kDim; ++d) {
      score += number(queries.q, {p, head, d}) * alpha * number(segment.k, {f, group, m, d});
    }
    scores.push_back(score / std::sqrt(static_cast<double>(kDim)));
    columns.push_back(m);
  }
  double sum = 0;
  for (const double score : scores) sum += std::exp(score);
  const double share =
      columns.empty() ? 0 : 1 / (1 + std::exp(number(queries.lse, {p, head}) - std::log(sum)));
  for (std::int64_t d = 0; d < kDim; ++d) {
    double modality = 0;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      modality += std::exp(scores[i]) / sum * alpha * number(segment.v, {f, group, columns[i], d});
    }
    output[static_cast<std::size_t>(d)] =
        (1 - share) * number(queries.output, {p, head, d}) + share * (columns.empty() ? 0 : modality);
  }
  return output;
}

void check_against_reference(const BlockQueries& queries, const model::Segment& segment) {
  const auto got = attention_with(queries, segment);
  double worst = 0;
  for (std::int64_t f = 0; f < kFrames; ++f) {
    for (std::int64_t head = 0; head < kHeads; ++head) {
      for (std::int64_t p = 0; p < kPositions; ++p) {
        const auto wanted = reference(queries, segment, f, head, p);
        for (std::int64_t d = 0; d < kDim; ++d) {
          worst =
              std::max(worst, std::abs(wanted[static_cast<std::size_t>(d)] - number(got, {f, head, p, d})));
        }
      }
    }
  }
  CHECK(worst < 1e-5);
}

}  // namespace

TEST_CASE("keys that do not fit the queries are refused") {
  auto segment = some_segment(4);
  segment.k = segment.v = test::drawn({kFrames, kKvHeads, kTokens, kDim + 1}, 1);
  CHECK_THROWS_AS(attention_with(some_queries(), segment), Error);
}

TEST_CASE("the attention output equals the formula in float64") {
  check_against_reference(some_queries(), some_segment(4));
}

TEST_CASE("absent tokens take no part, and a frame without any leaves the text's output") {
  auto segment = some_segment(4);
  segment.present = at::ones({kFrames, kTokens}, at::kBool);
  segment.present[0].narrow(0, 2, 3).fill_(false);
  segment.present[1].fill_(false);
  check_against_reference(some_queries(), segment);
  segment.k.set_requires_grad(true);
  attention_with(some_queries(), segment).sum().backward();
  CHECK(at::isfinite(segment.k.grad()).all().item<bool>());
}

TEST_CASE("a gated segment adds its own softmax, scaled by the gate's tanh") {
  auto segment = some_segment(4);
  const auto queries = some_queries();
  segment.merge = model::Merge::Gated;
  segment.gate = at::zeros({});
  const auto text = queries.output.transpose(0, 1).unsqueeze(0).expand({kFrames, -1, -1, -1});
  CHECK(at::equal(attention_with(queries, segment), text));
}

TEST_CASE("residual and change are the means of transfer.md's mix") {
  const auto queries = some_queries();
  const auto teacher = some_segment(4), student = some_segment(6);
  const auto error =
      output_error(attention_with(queries, student), attention_with(queries, teacher), queries);
  double residual = 0, change = 0;
  for (std::int64_t f = 0; f < kFrames; ++f) {
    for (std::int64_t head = 0; head < kHeads; ++head) {
      for (std::int64_t p = 0; p < kPositions; ++p) {
        const auto wanted = reference(queries, teacher, f, head, p);
        const auto got = reference(queries, student, f, head, p);
        for (std::size_t d = 0; d < kDim; ++d) {
          const double text = number(queries.output, {p, head, static_cast<std::int64_t>(d)});
          residual += (got[d] - wanted[d]) * (got[d] - wanted[d]);
          change += (wanted[d] - text) * (wanted[d] - text);
        }
      }
    }
  }
  constexpr double kCount = kFrames * kHeads * kPositions * kDim;
  CHECK(error.residual.item<double>() == Approx(residual / kCount).epsilon(1e-5));
  CHECK(error.change.item<double>() == Approx(change / kCount).epsilon(1e-5));
}
