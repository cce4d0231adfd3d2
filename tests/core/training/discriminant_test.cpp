#include "core/training/discriminant.hpp"

#include <ATen/ATen.h>

#include <limits>

#include "core/base/error.hpp"
#include "core/training/logistic.hpp"
#include "tests/core/training/fixtures.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using namespace lateral::training;

namespace {

constexpr std::int64_t kClasses = 4, kInputs = 30, kSamples = 80;

struct Samples {
  at::Tensor x, labels;
};

/// Classes that differ in few directions, beside a common one that varies much more.
Samples samples(std::uint64_t seed) {
  const auto labels = at::arange(kSamples, at::kLong).remainder(kClasses);
  const auto centers = 2 * test::drawn({kClasses, kInputs}, 1).to(at::kDouble);
  const auto common = test::drawn({1, kInputs}, 2).to(at::kDouble);
  const auto x = centers.index_select(0, labels) + test::drawn({kSamples, kInputs}, seed).to(at::kDouble) +
                 30 * test::drawn({kSamples, 1}, seed + 1).to(at::kDouble) * common;
  return {x, labels};
}

double right(const Discriminant& discriminant, const Samples& of) {
  const auto nearest = at::cdist(discriminant(of.x), discriminant.means).argmin(1);
  return nearest.eq(of.labels).to(at::kDouble).mean().item<double>();
}

}  // namespace

TEST_CASE("labels out of range, one sample, and values that are not finite are refused") {
  const auto some = samples(10);
  const DiscriminantShape shape{.classes = kClasses, .rank = 3};
  CHECK_THROWS_AS(fit_discriminant(some.x, some.labels + 1, shape), Error);
  CHECK_THROWS_AS(fit_discriminant(some.x, some.labels.slice(0, 1), shape), Error);
  CHECK_THROWS_AS(fit_discriminant(some.x.slice(0, 0, 1), some.labels.slice(0, 0, 1), shape), Error);
  auto wrong = some.x.clone();
  wrong[3][4] = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(fit_discriminant(wrong, some.labels, shape), Error);
}

TEST_CASE("a discriminant tells new samples apart that their nearest means do not") {
  const auto known = samples(10), other = samples(20);
  const auto fitted = fit_discriminant(known.x, known.labels, {.classes = kClasses, .rank = 3});
  CHECK(right(fitted, other) > 0.95);
  const auto means =
      at::stack({known.x.index({known.labels.eq(0)}).mean(0), known.x.index({known.labels.eq(1)}).mean(0),
                 known.x.index({known.labels.eq(2)}).mean(0), known.x.index({known.labels.eq(3)}).mean(0)});
  CHECK(at::cdist(other.x, means).argmin(1).eq(other.labels).to(at::kDouble).mean().item<double>() < 0.8);
  CHECK(spread(fitted, other.x, other.labels) > spread(fitted, known.x, known.labels));
}

TEST_CASE("columns that say nothing, more columns than samples, and empty classes do no harm") {
  auto known = samples(10);
  known.x = at::cat({known.x, at::full({kSamples, 100}, 7.0, at::kDouble)}, 1);
  const auto fitted = fit_discriminant(known.x, known.labels, {.classes = kClasses + 2, .rank = 5});
  CHECK(fitted.weight.sizes() == at::IntArrayRef({5, kInputs + 100}));
  CHECK(at::isfinite(fitted.weight).all().item<bool>());
  CHECK(right(fitted, known) > 0.95);
}

TEST_CASE(
    "likenesses are Bayes' rule for classes that spread alike, and a class never seen is never likely") {
  const auto means = at::tensor({0.0, 2.0, 4.0}, at::kDouble).view({3, 1});
  const auto frequencies = at::tensor({0.75, 0.25, 0.0}, at::kDouble);
  const double spread = 0.8;
  const auto z = at::tensor({-1.0, 0.5, 1.3, 4.0}, at::kDouble).view({4, 1});
  const auto likeness = likeness_of(means, frequencies, spread);
  const auto found = at::linear(z, likeness.weight, likeness.bias).softmax(1);
  const auto density = (-(z - means.t()).square() / (2 * spread * spread)).exp() * frequencies;
  CHECK(at::allclose(found, density / density.sum(1, true), 1e-4, 1e-6));
}

TEST_CASE("logistic regression stands where no direction lowers its loss, and tells new samples apart") {
  const auto known = samples(10), other = samples(20);
  const double penalty = 2;
  const auto fitted = fit_logistic(known.x, known.labels, kClasses, penalty);
  const auto scores = at::linear(other.x, fitted.weight, fitted.bias);
  CHECK(scores.argmax(1).eq(other.labels).to(at::kDouble).mean().item<double>() > 0.9);

  const auto deviation = known.x.std(0, false);
  const auto wrong = at::linear(known.x, fitted.weight, fitted.bias).softmax(1) -
                     at::one_hot(known.labels, kClasses).to(at::kDouble);
  const auto standard = (known.x - known.x.mean(0)) / deviation;
  const auto slope = wrong.t().matmul(standard) + penalty * fitted.weight * deviation;
  CHECK(slope.abs().max().item<double>() < 2e-2 * wrong.abs().sum().item<double>());
  CHECK(wrong.sum(0).abs().max().item<double>() < 0.05);
}
