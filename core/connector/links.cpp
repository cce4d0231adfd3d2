#include "core/connector/links.hpp"

#include <ATen/ATen.h>

#include <cmath>

#include "core/base/error.hpp"
#include "core/base/random.hpp"
#include "core/connector/initial.hpp"

namespace lateral::connector {
namespace {

double checked(double tau) {
  if (!std::isfinite(tau) || tau <= 0.0) {
    fail(Errc::InvalidArgument, "links", "tau must be a finite number above 0, found ", tau);
  }
  return tau;
}

at::Tensor initial(std::int64_t count, Random random) {
  return uniform({count}, 1.0, random);
}

}  // namespace

Links::Links(wiring::BlockSet blocks, std::uint64_t seed, double tau)
    : blocks_(std::move(blocks)), tau_(checked(tau)), w_(initial(blocks_.size(), Random(seed))) {}

at::Tensor Links::alphas() const {
  return at::sigmoid(w_ / tau_);
}

std::vector<model::NamedTensor> Links::parameters() const {
  return {{"links.w", w_}};
}

}  // namespace lateral::connector
