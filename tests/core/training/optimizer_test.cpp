#include "core/training/optimizer.hpp"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>

#include "core/base/error.hpp"
#include "core/base/random.hpp"
#include "core/training/named_tensors.hpp"
#include "tests/support/catch.hpp"

using Catch::Approx;
using namespace lateral;
using namespace lateral::training;

namespace {

at::Tensor leaf(std::initializer_list<double> values) {
  return at::tensor(at::ArrayRef<double>(values), at::kDouble).set_requires_grad(true);
}

AdamW single(const at::Tensor& value, double rate, double decay, AdamWOptions options = {}) {
  return AdamW({{"group", {{"p", value}}, rate, decay}}, options);
}

/// Algorithm 2 of the paper for one number, with the rate applied to the decay as well (as PyTorch does).
struct ScalarAdamW {
  double rate, decay, beta1 = 0.9, beta2 = 0.99, epsilon = 1e-8;
  double m = 0, v = 0;
  int t = 0;
  double next(double p, double g, double factor) {
    ++t;
    m = beta1 * m + (1 - beta1) * g;
    v = beta2 * v + (1 - beta2) * g * g;
    const double m_hat = m / (1 - std::pow(beta1, t));
    const double v_hat = v / (1 - std::pow(beta2, t));
    return p - factor * rate * (m_hat / (std::sqrt(v_hat) + epsilon) + decay * p);
  }
};

}  // namespace

TEST_CASE("a parameter that could never learn is refused, not skipped") {
  CHECK_THROWS_AS(single(at::zeros({2}), 1e-3, 0), Error);
  CHECK_THROWS_AS(single(at::zeros({2}, at::kLong), 1e-3, 0), Error);
  CHECK_THROWS_AS(single(leaf({1}) * 2, 1e-3, 0), Error);
  CHECK_THROWS_AS(AdamW({}), Error);
  const auto shared = leaf({1});
  CHECK_THROWS_AS(AdamW({{"g", {{"p", shared}, {"p", shared}}, 1e-3, 0}}), Error);
  CHECK_THROWS_AS(single(leaf({1}), -1, 0), Error);
}

TEST_CASE("a gradient that is not finite stops the step and changes nothing") {
  const auto p = leaf({1, 2});
  auto optimizer = single(p, 0.1, 0.1);
  p.mutable_grad() = at::tensor({1.0, std::numeric_limits<double>::quiet_NaN()}, at::kDouble);
  CHECK_THROWS_AS(optimizer.step(1), Error);
  CHECK(p[0].item<double>() == 1);
  CHECK(optimizer.updates() == 0);
}

TEST_CASE("a step without any gradient is no update") {
  const auto p = leaf({1, 2});
  auto optimizer = single(p, 0.1, 0.1);
  CHECK(optimizer.step(1) == 0);
  CHECK(optimizer.updates() == 0);
  CHECK(p[0].item<double>() == 1);
}

TEST_CASE("fifty updates equal the paper's formula in float64, each group at its own rate") {
  const auto a = leaf({0.5, -2, 3});
  const auto b = leaf({1});
  AdamWOptions options;
  options.clip_norm = 0;
  AdamW optimizer({{"a", {{"a", a}}, 1e-2, 0.05}, {"b", {{"b", b}}, 1e-1, 0}}, options);
  std::vector<ScalarAdamW> reference{{1e-2, 0.05}, {1e-2, 0.05}, {1e-2, 0.05}, {1e-1, 0}};
  std::vector<double> expected{0.5, -2, 3, 1};
  Random random(1);
  for (int step = 0; step < 50; ++step) {
    std::vector<double> gradient(4);
    for (auto& g : gradient) g = random.normal();
    const double factor = 1 - 0.01 * step;
    for (std::size_t i = 0; i < 4; ++i) expected[i] = reference[i].next(expected[i], gradient[i], factor);
    a.mutable_grad() = at::tensor({gradient[0], gradient[1], gradient[2]}, at::kDouble);
    b.mutable_grad() = at::tensor({gradient[3]}, at::kDouble);
    optimizer.step(factor);
  }
  for (int i = 0; i < 3; ++i)
    CHECK(a[i].item<double>() == Approx(expected[static_cast<std::size_t>(i)]).epsilon(1e-12));
  CHECK(b[0].item<double>() == Approx(expected[3]).epsilon(1e-12));
}

TEST_CASE("clipping scales all gradients by one factor, the global norm") {
  const auto a = leaf({0});
  const auto b = leaf({0});
  AdamWOptions options;
  options.beta1 = options.beta2 = 0;
  options.epsilon = 1;  // so that the size of a gradient shows in the update
  options.clip_norm = 1;
  AdamW optimizer({{"g", {{"a", a}, {"b", b}}, 1, 0}}, options);
  a.mutable_grad() = at::tensor({3.0}, at::kDouble);
  b.mutable_grad() = at::tensor({4.0}, at::kDouble);
  CHECK(optimizer.step(1) == Approx(5));
  CHECK(a[0].item<double>() == Approx(-0.6 / 1.6));
  CHECK(b[0].item<double>() == Approx(-0.8 / 1.8));
}

TEST_CASE("a restored optimizer takes the same next step, bit for bit; a wrong state is refused") {
  const auto p = leaf({1, -1});
  auto optimizer = single(p, 0.1, 0.1);
  const auto push = [](AdamW& o, const at::Tensor& x, double g) {
    x.mutable_grad() = at::full_like(x, g);
    o.step(1);
  };
  push(optimizer, p, 0.3);
  const auto state = snapshot(optimizer.state());
  const auto q = p.detach().clone().set_requires_grad(true);
  auto other = single(q, 0.1, 0.1);
  other.restore(state, optimizer.updates());
  push(optimizer, p, -0.7);
  push(other, q, -0.7);
  CHECK(at::equal(p, q));
  CHECK_THROWS_AS(other.restore({}, 1), Error);
  CHECK_THROWS_AS(single(leaf({1}), 0.1, 0).restore(state, 1), Error);
}
