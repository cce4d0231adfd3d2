#include "core/training/batch_order.hpp"

#include <set>

#include "core/base/error.hpp"
#include "tests/support/catch.hpp"

using namespace lateral::training;

TEST_CASE("an order over nothing, or in batches of nothing, is refused") {
  CHECK_THROWS_AS(BatchOrder(0, 4, 1), lateral::Error);
  CHECK_THROWS_AS(BatchOrder(4, 0, 1), lateral::Error);
}

TEST_CASE("a batch depends on seed and step alone, not on the steps asked for before") {
  BatchOrder walked(10, 4, 7);
  std::vector<std::int64_t> ninth;
  for (int step = 0; step <= 9; ++step) ninth = walked.at(step);
  CHECK(BatchOrder(10, 4, 7).at(9) == ninth);
  CHECK(walked.at(2) == BatchOrder(10, 4, 7).at(2));
  CHECK(BatchOrder(10, 4, 8).at(9) != ninth);
}

TEST_CASE("each epoch holds every item once, in another order than the epoch before") {
  BatchOrder order(12, 4, 1);
  std::vector<std::vector<std::int64_t>> epochs(2);
  for (int step = 0; step < 6; ++step) {
    for (const auto item : order.at(step)) epochs[static_cast<std::size_t>(step / 3)].push_back(item);
  }
  for (const auto& epoch : epochs) CHECK(std::set<std::int64_t>(epoch.begin(), epoch.end()).size() == 12);
  CHECK(epochs[0] != epochs[1]);
}

TEST_CASE("a batch larger than the data is the data") {
  CHECK(BatchOrder(3, 64, 1).at(5).size() == 3);
}
