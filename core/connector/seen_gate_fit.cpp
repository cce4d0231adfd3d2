// Logistic regression by Newton's method, in double precision: convex, a hundred unknowns, so a
// handful of steps.

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include "core/base/error.hpp"
#include "core/connector/seen_gate.hpp"

namespace lateral::connector {
namespace {

constexpr double kRidge = 1e-3;  // keeps the weights finite where the sides can be parted without an error
constexpr int kSteps = 30;
constexpr int kHalvings = 20;

/// Every row that the gate would judge: double [rows, width].
at::Tensor rows_of(const SeenGate& gate, const Tokens& tokens) {
  const auto read = gate.reads(tokens.values.to(at::kFloat), tokens.present).to(at::kDouble);
  if (!tokens.present.defined()) return read.flatten(0, 1);
  const bool by_token = gate.scope() == SeenGate::Scope::Token;
  return read.index({by_token ? tokens.present : tokens.present.any(1, /*keepdim=*/true)});
}

/// Both sides as one problem: columns of unit deviation and a last one of 1, each side weighing one half.
struct Problem {
  at::Tensor columns, target, weight, ridge;

  Problem(const at::Tensor& seen, const at::Tensor& unseen) {
    const auto rows = at::cat({seen, unseen});
    const auto side = [](const at::Tensor& of, double value) {
      return at::full({of.size(0)}, value, of.options());
    };
    target = at::cat({side(seen, 1.0), side(unseen, 0.0)});
    weight = at::cat({side(seen, 0.5 / static_cast<double>(seen.size(0))),
                      side(unseen, 0.5 / static_cast<double>(unseen.size(0)))});
    mean = rows.mean(0);
    deviation = rows.std(0, /*unbiased=*/false).clamp_min(1e-6);
    columns = at::cat({(rows - mean) / deviation, side(rows, 1.0).unsqueeze(1)}, 1);
    ridge = at::full({columns.size(1)}, kRidge, rows.options());
    ridge[-1] = 1e-9;  // the bias is free; this only keeps the system solvable
  }

  double loss(const at::Tensor& x) const {
    const auto logits = columns.matmul(x);
    const auto each = at::softplus(logits) - target * logits;
    return (weight * each).sum().item<double>() + 0.5 * (ridge * x * x).sum().item<double>();
  }

  at::Tensor newton_step(const at::Tensor& x) const {
    const auto p = at::sigmoid(columns.matmul(x));
    const auto gradient = columns.t().matmul(weight * (p - target)) + ridge * x;
    const auto curvature =
        columns.t().matmul(columns * (weight * p * (1 - p)).unsqueeze(1)) + at::diag(ridge);
    return at::linalg_solve(curvature, gradient);
  }

  at::Tensor mean, deviation;
};

at::Tensor solved(const Problem& problem) {
  auto x = at::zeros({problem.columns.size(1)}, problem.columns.options());
  double loss = problem.loss(x);
  for (int step = 0; step < kSteps; ++step) {
    auto change = problem.newton_step(x);
    double next = problem.loss(x - change);
    for (int i = 0; i < kHalvings && next > loss; ++i) {
      change = change / 2;
      next = problem.loss(x - change);
    }
    if (next >= loss) break;  // nothing left to gain in double precision
    x = x - change;
    loss = next;
  }
  return x;
}

void check_side(const Tokens& tokens, const SeenGate& gate, std::string_view side) {
  check(tokens, gate.parameters()[0].tensor.size(1));
  if (tokens.present.defined() && !tokens.present.any().item<bool>()) {
    fail(Errc::InvalidArgument, "seen gate", "there is no present token among the ", side, " ones");
  }
}

}  // namespace

SeenFit fit_seen_gate(const SeenGate& gate, const Tokens& seen, const Tokens& unseen) {
  const c10::NoGradGuard no_gradients;
  check_side(seen, gate, "seen");
  check_side(unseen, gate, "unseen");
  const auto seen_rows = rows_of(gate, seen);
  const auto unseen_rows = rows_of(gate, unseen);
  const Problem problem(seen_rows, unseen_rows);
  const auto x = solved(problem);
  const auto weight = x.slice(0, 0, -1) / problem.deviation;
  const auto bias = x[-1] - (weight * problem.mean).sum();
  gate.parameters()[0].tensor.copy_(weight.unsqueeze(0));
  gate.parameters()[1].tensor.copy_(bias.unsqueeze(0));
  const auto opened = [&](const at::Tensor& rows) {
    return (rows.matmul(weight) + bias).gt(0).to(at::kDouble).mean().item<double>();
  };
  return {opened(seen_rows), 1.0 - opened(unseen_rows)};
}

}  // namespace lateral::connector
