#include "core/tensor/fused.hpp"

#include "tests/support/catch.hpp"

namespace lateral::tensor {
namespace {

TEST_CASE("RMS norm equals its formula in float64, with and without gradients, at any width") {
  for (const std::int64_t width : {1, 5, 8, 24, 131}) {
    const at::Tensor x = at::randn({2, 3, width});
    const at::Tensor weight = at::randn({width});
    const at::Tensor wide = x.to(at::kDouble);
    const at::Tensor expected = wide / at::sqrt(wide.square().mean(-1, true) + 1e-5) * weight.to(at::kDouble);
    CHECK(at::allclose(rms_norm(x, weight, 1e-5).to(at::kDouble), expected, 1e-5, 1e-6));
    const at::Tensor tracked = rms_norm(x.detach().requires_grad_(true), weight, 1e-5);
    CHECK(tracked.requires_grad());
    CHECK(at::allclose(tracked.to(at::kDouble), expected, 1e-5, 1e-6));
  }
}

TEST_CASE("turning keeps lengths, and is the same with gradients, for split heads and one row of positions") {
  const at::Tensor angles = at::randn({1, 1, 5, 3});
  const at::Tensor cos = at::cat({angles.cos(), angles.cos()}, 3);
  const at::Tensor sin = at::cat({-angles.sin(), angles.sin()}, 3);
  const at::Tensor x = at::randn({2, 5, 4, 6}).transpose(1, 2);  // as a projection leaves it
  const at::Tensor turned = turn_halves(x, cos, sin);
  CHECK(at::allclose(turned.square().sum(-1), x.square().sum(-1), 1e-4, 1e-5));
  const at::Tensor tracked = turn_halves(x.detach().requires_grad_(true), cos, sin);
  CHECK(tracked.requires_grad());
  CHECK(at::allclose(turned, tracked, 1e-5, 1e-6));
  CHECK(at::allclose(turned, turn_halves(x.contiguous(), cos, sin), 0, 0));
}

}  // namespace
}  // namespace lateral::tensor
