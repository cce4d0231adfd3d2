#include "core/training/logistic.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

namespace lateral::training {
namespace {

constexpr int kIterations = 100;
constexpr double kFlat = 1e-9;  // of the largest deviation: an input that says nothing
constexpr double kFree = 1e-6;  // the penalty of the bias, which only keeps the system solvable

}  // namespace

Likeness fit_logistic(const at::Tensor& x, const at::Tensor& labels, std::int64_t classes, double penalty) {
  const c10::NoGradGuard no_gradients;
  const auto center = x.mean(0);
  const auto wide = x.std(0, /*unbiased=*/false);
  const auto deviation = at::where(wide > kFlat * wide.max(), wide, 1.0);
  const auto a = at::cat({(x - center) / deviation, at::ones({x.size(0), 1}, x.options())}, 1);
  auto ridge = at::full({a.size(1)}, penalty, x.options());
  ridge[-1] = kFree;

  // The bound of the curvature (Böhning 1992) is the same in every step, so one factor serves all of them.
  const auto factor = at::linalg_cholesky(a.t().matmul(a) / 2 + at::diag(ridge));
  const auto target = at::one_hot(labels, classes).to(at::kDouble);
  auto map = at::zeros({a.size(1), classes}, x.options());
  auto before = map;
  for (int i = 0; i < kIterations; ++i) {
    const auto ahead = map + (map - before) * (static_cast<double>(i) / (i + 3));  // Nesterov's momentum
    const auto gradient = a.t().matmul(target - a.matmul(ahead).softmax(1)) - ridge.unsqueeze(1) * ahead;
    before = map;
    map = ahead + at::cholesky_solve(gradient, factor);
  }
  const auto weight = (map.narrow(0, 0, x.size(1)) / deviation.unsqueeze(1)).t().contiguous();
  return {weight, map[-1] - weight.mv(center)};
}

}  // namespace lateral::training
