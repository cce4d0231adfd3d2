#include "core/training/discriminant.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>

#include "core/base/error.hpp"

namespace lateral::training {
namespace {

constexpr const char* kWhere = "discriminant";
constexpr double kFlat = 1e-9;  // of the largest: a direction in which nothing differs

void check(const at::Tensor& x, const at::Tensor& labels, const DiscriminantShape& shape) {
  if (x.dim() != 2 || x.size(0) < 2 || labels.dim() != 1 || labels.size(0) != x.size(0) || shape.rank < 1 ||
      shape.classes < 2 || !(shape.shrinkage > 0 && shape.shrinkage <= 1)) {
    fail(Errc::InvalidArgument, kWhere, "cannot part samples ", x.sizes(), " with labels ", labels.sizes(),
         " into ", shape.classes, " classes along ", shape.rank, " directions, shrinkage ", shape.shrinkage);
  }
  if (labels.min().item<std::int64_t>() < 0 || labels.max().item<std::int64_t>() >= shape.classes)
    fail(Errc::InvalidArgument, kWhere, "labels must lie in [0, ", shape.classes, ")");
  if (!at::isfinite(x).all().item<bool>()) fail(Errc::InvalidArgument, kWhere, "a sample is not finite");
}

/// An orthonormal basis [inputs, k] of the rows of `a` [n, inputs]: whatever is outside of it parts nothing.
at::Tensor basis_of_rows(const at::Tensor& a) {
  const auto [values, vectors] = at::linalg_eigh(a.matmul(a.t()));
  const auto kept = values.gt(kFlat * values.max()).nonzero().squeeze(1);
  return a.t().matmul(vectors.index_select(1, kept)) / values.index_select(0, kept).sqrt();
}

/// Makes `covariance` [k, k] the identity: [k, k].
at::Tensor whitening(const at::Tensor& covariance) {
  const auto [values, vectors] = at::linalg_eigh(covariance);
  return vectors / values.clamp_min(kFlat * values.max().item<double>()).sqrt();
}

/// Columns of `axes` [k, j] filled up with zeros, or cut, to `rank`.
at::Tensor of_rank(const at::Tensor& axes, std::int64_t rank) {
  const auto kept = axes.narrow(1, 0, std::min(rank, axes.size(1)));
  return at::constant_pad_nd(kept, {0, rank - kept.size(1)});
}

}  // namespace

at::Tensor Discriminant::operator()(const at::Tensor& x) const {
  return at::linear(x, weight, bias);
}

Discriminant fit_discriminant(const at::Tensor& x, const at::Tensor& labels, const DiscriminantShape& shape) {
  const c10::NoGradGuard no_gradients;
  check(x, labels, shape);
  const auto center = x.mean(0);
  const auto wide = x.std(0, /*unbiased=*/false);
  const auto deviation = at::where(wide > kFlat * wide.max(), wide, 1.0);
  const auto a = (x - center) / deviation;

  const auto member = at::one_hot(labels, shape.classes).to(at::kDouble);
  const auto counts = member.sum(0);
  const auto means = member.t().matmul(a) / counts.clamp_min(1).unsqueeze(1);
  const auto rest = a - member.matmul(means);

  const auto basis = basis_of_rows(a);
  const auto inside = rest.matmul(basis);
  const auto freedom = std::max<double>(1, static_cast<double>(x.size(0) - shape.classes));
  const double sphere = rest.square().sum().item<double>() / freedom / static_cast<double>(x.size(1));
  const auto unit = at::eye(basis.size(1), x.options());
  const auto covariance = (1 - shape.shrinkage) / freedom * inside.t().matmul(inside) +
                          shape.shrinkage * std::max(sphere, kFlat) * unit;
  const auto white = basis.matmul(whitening(covariance));

  const auto apart = means.matmul(white) * (counts / counts.sum()).sqrt().unsqueeze(1);
  const auto right = std::get<2>(at::linalg_svd(apart, /*full_matrices=*/false));
  const auto map = white.matmul(of_rank(right.t(), shape.rank));  // [inputs, rank]
  const auto weight = (map / deviation.unsqueeze(1)).t().contiguous();
  return {weight, -weight.matmul(center), means.matmul(map)};
}

double spread(const Discriminant& discriminant, const at::Tensor& x, const at::Tensor& labels) {
  const auto off = discriminant(x) - discriminant.means.index_select(0, labels);
  return off.square().mean().sqrt().item<double>();
}

Likeness likeness_of(const at::Tensor& means, const at::Tensor& frequencies, double spread) {
  const double precision = 1 / (spread * spread);
  // A class that was never seen is as good as impossible, and its logarithm still a number.
  const auto before = frequencies.clamp_min(kFlat).log();
  return {means * precision, before - means.square().sum(1) * (precision / 2)};
}

}  // namespace lateral::training
