#include "core/training/schedule.hpp"

#include <cmath>

#include "tests/support/catch.hpp"

using Catch::Approx;
using namespace lateral::training;

TEST_CASE("warm-up rises in equal steps from the first one on") {
  const Schedule schedule{4, Decay::Constant, 0};
  CHECK(schedule.factor(0, {10}) == Approx(0.25));
  CHECK(schedule.factor(3, {10}) == Approx(1));
  CHECK(schedule.factor(9, {10}) == Approx(1));
}

TEST_CASE("linear and cosine decay start at one and approach their floor") {
  const Schedule linear{0, Decay::Linear, 0.2};
  CHECK(linear.factor(0, {4}) == Approx(1));
  CHECK(linear.factor(2, {4}) == Approx(0.6));
  const Schedule cosine{2, Decay::Cosine, 0.01};
  CHECK(cosine.factor(2, {12}) == Approx(1));
  CHECK(cosine.factor(7, {12}) == Approx(0.01 + 0.99 * 0.5));
  CHECK(cosine.factor(11, {12}) == Approx(0.01 + 0.99 * 0.5 * (1 + std::cos(0.9 * std::acos(-1.0)))));
}

TEST_CASE("a run shorter than its warm-up only warms up") {
  const Schedule schedule{20, Decay::Cosine, 0};
  CHECK(schedule.factor(0, {2}) == Approx(0.5));
  CHECK(schedule.factor(1, {2}) == Approx(1));
}

TEST_CASE("a plan that is made again goes on from the rate there is, and ends at the floor") {
  const Schedule schedule{10, Decay::Cosine, 0.01};
  const StepPlan first{110};
  for (const std::int64_t steps : {55, 80, 400}) {
    const auto second = schedule.replanned(50, first, steps);
    CHECK(schedule.factor(50, second) == schedule.factor(50, first));
    CHECK(schedule.done(50, second) == Approx(0.4));
    CHECK(schedule.done(steps, second) == Approx(1));
    CHECK(schedule.factor(steps, second) == Approx(0.01));
    for (std::int64_t step = 50; step < steps; ++step)
      CHECK(schedule.factor(step + 1, second) < schedule.factor(step, second));
  }
}

TEST_CASE(
    "a plan that is made again in the warm-up warms up as before, and none that changes nothing changes a "
    "bit") {
  const Schedule schedule{10, Decay::Cosine, 0};
  const auto longer = schedule.replanned(4, {110}, 60);
  CHECK(schedule.factor(5, longer) == schedule.factor(5, {60}));
  CHECK(schedule.factor(30, longer) == schedule.factor(30, {60}));
  CHECK(schedule.done(60, longer) == Approx(1));
}
