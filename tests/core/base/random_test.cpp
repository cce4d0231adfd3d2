#include "core/base/random.hpp"

#include <array>
#include <set>

#include "tests/support/catch.hpp"

using lateral::Random;

TEST_CASE("the same seed gives the same sequence, another stream another one") {
  Random a(7, 1);
  Random b(7, 1);
  Random c(7, 2);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const auto value = a.next();
    CHECK(value == b.next());
    differs |= value != c.next();
  }
  CHECK(differs);
}

TEST_CASE("uniform stays in range and has mean one half, normal has mean zero and variance one") {
  Random random(1);
  double sum = 0, normal_sum = 0, normal_squares = 0;
  constexpr int kDraws = 100000;
  for (int i = 0; i < kDraws; ++i) {
    const float u = random.uniform();
    REQUIRE(u >= 0.0F);
    REQUIRE(u < 1.0F);
    sum += u;
    const float n = random.normal();
    normal_sum += n;
    normal_squares += n * n;
  }
  // Four standard errors: 4 * 0.289 / sqrt(1e5) for the uniform, 4 / sqrt(1e5) for the normal.
  CHECK(sum / kDraws == Catch::Approx(0.5).margin(0.0037));
  CHECK(normal_sum / kDraws == Catch::Approx(0.0).margin(0.0127));
  CHECK(normal_squares / kDraws == Catch::Approx(1.0).margin(0.02));
}

TEST_CASE("a restored state continues the sequence, and shuffle keeps every item") {
  Random random(3);
  random.next();
  const auto saved = random.state();
  const auto expected = random.next();
  Random other(99);
  other.restore(saved);
  CHECK(other.next() == expected);

  std::array<int, 10> items{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  random.shuffle(std::span<int>(items));
  CHECK(std::set<int>(items.begin(), items.end()).size() == 10);
}
