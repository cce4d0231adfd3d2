#include "core/connector/tokens.hpp"

#include <ATen/ATen.h>

#include <limits>
#include <vector>

#include "core/base/error.hpp"
#include "tests/core/connector/support.hpp"
#include "tests/support/catch.hpp"

using namespace lateral;
using connector::Tokens;
using test::some_tokens;

TEST_CASE("tokens of another shape are refused, naming what was expected") {
  CHECK_THROWS_WITH(connector::check({}, 12), Catch::Contains("found nothing"));
  CHECK_THROWS_WITH(connector::check(some_tokens(1, 3, 1), 13), Catch::Contains("[batch, tokens, 13]"));
  CHECK_THROWS_AS(connector::check({at::zeros({3, 12}), {}}, 12), Error);
  CHECK_THROWS_AS(connector::check({at::zeros({1, 0, 12}), {}}, 12),
                  Error);  // the fused kernel dies of M = 0
  CHECK_THROWS_AS(connector::check({at::zeros({1, 3, 12}, at::kLong), {}}, 12), Error);
  CHECK_THROWS_WITH(connector::check({at::zeros({1, 3, 12}), at::ones({1, 4}, at::kBool)}, 12),
                    Catch::Contains("present must be bool"));
  CHECK_THROWS_AS(connector::check({at::zeros({1, 3, 12}), at::ones({1, 3})}, 12), Error);
}

TEST_CASE("a token that is not finite is refused where it is present and ignored where it is not") {
  for (const double bad :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    auto tokens = some_tokens(2, 3, 1);
    tokens.values[1][2][5] = bad;
    CHECK_THROWS_WITH(connector::check(tokens, 12), Catch::Contains("NaN or infinity"));
    tokens.present = at::ones({2, 3}, at::kBool);
    tokens.present[1][2] = false;
    CHECK_NOTHROW(connector::check(tokens, 12));
  }
}

TEST_CASE("a batch of samples of different widths is refused") {
  const std::vector<std::optional<Tokens>> rows{some_tokens(1, 3, 1, 12), some_tokens(1, 3, 1, 13)};
  CHECK_THROWS_AS(connector::batch_of(rows), Error);
  CHECK_THROWS_AS(connector::batch_of(std::vector<std::optional<Tokens>>{some_tokens(2, 3, 1)}), Error);
}

TEST_CASE("a batch without any sample is nothing") {
  CHECK_FALSE(connector::batch_of({}).has_value());
  CHECK_FALSE(
      connector::batch_of(std::vector<std::optional<Tokens>>{std::nullopt, std::nullopt}).has_value());
}

TEST_CASE("a batch pads short samples and masks what is missing") {
  auto masked = some_tokens(1, 2, 3);
  masked.present = at::tensor(std::vector<std::int64_t>{0, 1}).to(at::kBool).unsqueeze(0);
  const std::vector<std::optional<Tokens>> rows{some_tokens(1, 4, 1), std::nullopt, some_tokens(1, 1, 2),
                                                masked};
  const auto batch = connector::batch_of(rows);
  REQUIRE(batch.has_value());
  CHECK(at::equal(batch->values[0], rows[0]->values[0]));
  CHECK(at::equal(batch->values[2][0], rows[2]->values[0][0]));
  const auto expected = at::tensor(std::vector<std::int64_t>{1, 1, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0});
  CHECK(at::equal(batch->present, expected.view({4, 4}).to(at::kBool)));
}

TEST_CASE("a batch in which nothing is missing needs no mask") {
  const std::vector<std::optional<Tokens>> rows{some_tokens(1, 4, 1), some_tokens(1, 4, 2)};
  CHECK_FALSE(connector::batch_of(rows)->present.defined());
}

TEST_CASE("rows are selected, unless one row serves them all") {
  const auto rows = at::tensor(std::vector<std::int64_t>{1, 1, 0});
  const auto two = some_tokens(2, 3, 1).values;
  CHECK(at::equal(connector::select_rows(two, rows), at::stack({two[1], two[1], two[0]})));
  const auto one = some_tokens(1, 3, 1).values;
  CHECK(connector::select_rows(one, rows).is_same(one));
  CHECK_FALSE(connector::select_rows({}, rows).defined());
}
