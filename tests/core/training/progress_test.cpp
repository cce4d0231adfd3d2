#include "core/training/progress.hpp"

#include <vector>

#include "tests/support/catch.hpp"

using namespace lateral::training;
using namespace std::chrono_literals;

TEST_CASE("progress tells the time left from the pace of this process and not of the one before") {
  auto now = ProgressMeter::Clock::time_point{};
  std::vector<Progress> reports;
  ProgressMeter meter(
      "adapt", 90, 100, [&](const Progress& p) { reports.push_back(p); }, [&] { return now; });
  for (int step = 91; step <= 100; ++step) {
    now += 2s;
    meter.advance(step, 0.5);
  }
  REQUIRE(reports.size() == 10);
  CHECK(reports.front().seconds_left == Catch::Approx(18));
  CHECK(reports.front().phase == "adapt");
  CHECK(reports[4].seconds_left == Catch::Approx(10));
  CHECK(reports.back().seconds_left == 0);
  CHECK(reports.back().seconds == Catch::Approx(20));
}

TEST_CASE("fast steps are reported about ten times a second, the last one always") {
  auto now = ProgressMeter::Clock::time_point{};
  int reports = 0;
  ProgressMeter meter(
      "teach", 0, 1000, [&](const Progress&) { ++reports; }, [&] { return now; });
  for (int step = 1; step <= 1000; ++step) {
    now += 1ms;
    meter.advance(step);
  }
  CHECK(reports >= 9);
  CHECK(reports <= 11);
}
