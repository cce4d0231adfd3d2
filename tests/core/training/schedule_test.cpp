#include "core/training/schedule.hpp"

#include <cmath>

#include "tests/support/catch.hpp"

using Catch::Approx;
using namespace lateral::training;

TEST_CASE("warm-up rises in equal steps from the first one on") {
  const Schedule schedule{4, Decay::Constant, 0};
  CHECK(schedule.factor(0, 10) == Approx(0.25));
  CHECK(schedule.factor(3, 10) == Approx(1));
  CHECK(schedule.factor(9, 10) == Approx(1));
}

TEST_CASE("linear and cosine decay start at one and approach their floor") {
  const Schedule linear{0, Decay::Linear, 0.2};
  CHECK(linear.factor(0, 4) == Approx(1));
  CHECK(linear.factor(2, 4) == Approx(0.6));
  const Schedule cosine{2, Decay::Cosine, 0.01};
  CHECK(cosine.factor(2, 12) == Approx(1));
  CHECK(cosine.factor(7, 12) == Approx(0.01 + 0.99 * 0.5));
  CHECK(cosine.factor(11, 12) == Approx(0.01 + 0.99 * 0.5 * (1 + std::cos(0.9 * std::acos(-1.0)))));
}

TEST_CASE("a run shorter than its warm-up only warms up") {
  const Schedule schedule{20, Decay::Cosine, 0};
  CHECK(schedule.factor(0, 2) == Approx(0.5));
  CHECK(schedule.factor(1, 2) == Approx(1));
}
