#include "core/training/statistics.hpp"

#include "tests/support/catch.hpp"

using Catch::Approx;
using namespace lateral::training;

TEST_CASE("no trials say nothing: the interval is everything") {
  const auto nothing = wilson(0, 0);
  CHECK(nothing.low == 0);
  CHECK(nothing.high == 1);
}

TEST_CASE("Wilson intervals equal values worked out by hand") {
  // 8 of 10: centre (0.8 + 3.841459/20) / 1.3841459, half width 1.959964 sqrt(0.016 + 0.00960365) / 1.3841459.
  const auto eight = wilson(8, 10);
  CHECK(eight.value == Approx(0.8));
  CHECK(eight.low == Approx(0.49016).epsilon(1e-4));
  CHECK(eight.high == Approx(0.94332).epsilon(1e-4));
  // 0 of 20: from 0 to z^2 / (20 + z^2).
  CHECK(wilson(0, 20).low == Approx(0).margin(1e-12));
  CHECK(wilson(0, 20).high == Approx(3.841459 / 23.841459).epsilon(1e-6));
  CHECK(wilson(20, 20).low == Approx(20 / 23.841459).epsilon(1e-6));
}

TEST_CASE("answers match whatever their case, outer blanks and final stop, and not otherwise") {
  CHECK(exact_match(" Two  Cars. ", "two cars"));
  CHECK_FALSE(exact_match("two cars", "two car"));
  CHECK_FALSE(exact_match("", "yes"));
  CHECK(exact_match("\n", ""));
}

TEST_CASE("token F1 counts words in common as often as they occur") {
  CHECK(token_f1("a red car", "the red car") == Approx(2.0 * 2 / 6));
  CHECK(token_f1("car car", "car") == Approx(2.0 * 1 / 3));
  CHECK(token_f1("bus", "car") == 0);
  CHECK(token_f1("", "") == 1);
  CHECK(token_f1("", "car") == 0);
}
