#include "tests/bench/baselines.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>

namespace lateral::bench {
namespace {

constexpr std::array kPenalties{1e-2, 1e-1, 1.0, 1e1, 1e2};
constexpr std::int64_t kFolds = 3;
constexpr int kIterations = 150;

std::vector<at::Tensor> views_of(const at::Tensor& tokens) {
  std::vector<at::Tensor> views{tokens.flatten(1).to(at::kDouble)};
  if (tokens.size(1) > 1) views.push_back(tokens.mean(1).to(at::kDouble));
  return views;
}

struct Standard {
  at::Tensor mean, deviation;
  explicit Standard(const at::Tensor& x) : mean(x.mean(0)), deviation(x.std(0).clamp_min(1e-6)) {}
  at::Tensor operator()(const at::Tensor& x) const {
    const auto ones = at::ones({x.size(0), 1}, x.options());
    return at::cat({(x - mean) / deviation, ones}, 1);
  }
};

/// Böhning's bound (1992) of the curvature is the same in every step, so one factor serves all; Nesterov's
/// momentum.
at::Tensor fitted(const at::Tensor& x, const at::Tensor& labels, std::int64_t classes, double penalty) {
  auto ridge = at::full({x.size(1)}, penalty, x.options());
  ridge[-1] = 1e-6;  // the bias is free
  const auto factor = at::linalg_cholesky(x.t().matmul(x) / 2 + at::diag(ridge));
  const auto target = at::one_hot(labels, classes).to(at::kDouble);
  auto weights = at::zeros({x.size(1), classes}, x.options());
  auto before = weights;
  for (int i = 0; i < kIterations; ++i) {
    const auto ahead = weights + (weights - before) * (static_cast<double>(i) / (i + 3));
    const auto gradient = x.t().matmul(target - x.matmul(ahead).softmax(1)) - ridge.unsqueeze(1) * ahead;
    before = weights;
    weights = ahead + at::cholesky_solve(gradient, factor);
  }
  return weights;
}

std::int64_t hits(const at::Tensor& scores, const at::Tensor& labels) {
  return scores.argmax(1).eq(labels).sum().item<std::int64_t>();
}

double share(std::int64_t right, const at::Tensor& labels) {
  return static_cast<double>(right) / static_cast<double>(labels.size(0));
}

double chosen_penalty(const at::Tensor& x, const Labelled& known, std::int64_t classes) {
  const auto fold = at::tensor(known.groups, at::kLong).remainder(kFolds);
  std::array<std::int64_t, kPenalties.size()> right{};
  for (std::int64_t aside = 0; aside < kFolds; ++aside) {
    const auto inside = fold.ne(aside), outside = fold.eq(aside);
    if (!inside.any().item<bool>() || !outside.any().item<bool>()) continue;
    const auto part = x.index({inside});
    const Standard standard(part);
    for (std::size_t i = 0; i < kPenalties.size(); ++i) {
      const auto weights = fitted(standard(part), known.labels.index({inside}), classes, kPenalties[i]);
      right[i] += hits(standard(x.index({outside})).matmul(weights), known.labels.index({outside}));
    }
  }
  return kPenalties[static_cast<std::size_t>(std::max_element(right.begin(), right.end()) - right.begin())];
}

std::int64_t neighbour_hits(const at::Tensor& order, const Labelled& known, const Labelled& asked,
                            std::int64_t neighbours, std::int64_t classes) {
  const auto near = known.labels.index({order.narrow(1, 0, neighbours)});
  const auto votes = at::one_hot(near, classes).sum(1);
  return hits(votes, asked.labels);
}

}  // namespace

double linear_probe(const Labelled& known, const Labelled& asked, std::int64_t classes) {
  const auto ours = views_of(known.tokens), theirs = views_of(asked.tokens);
  double best = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const Standard standard(ours[i]);
    const auto weights =
        fitted(standard(ours[i]), known.labels, classes, chosen_penalty(ours[i], known, classes));
    best = std::max(best, share(hits(standard(theirs[i]).matmul(weights), asked.labels), asked.labels));
  }
  return best;
}

double nearest_neighbours(const Labelled& known, const Labelled& asked, std::int64_t classes) {
  const auto ours = views_of(known.tokens), theirs = views_of(asked.tokens);
  double best = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const Standard standard(ours[i]);
    const auto order = at::cdist(standard(theirs[i]), standard(ours[i])).argsort(/*stable=*/true, 1);
    for (const std::int64_t neighbours : {1, 3, 5})
      best = std::max(best, share(neighbour_hits(order, known, asked, neighbours, classes), asked.labels));
  }
  return best;
}

}  // namespace lateral::bench
