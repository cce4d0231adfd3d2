#include "plugins/imu/motion.hpp"

#include <lateral/sdk/error.hpp>

#include <limits>

#include "tests/support/catch.hpp"

using namespace lateral::plugins;
using Seconds = std::vector<double>;

namespace {

template <typename Call>
std::string refusal(Call&& call) {
  try {
    call();
  } catch (const lateral::sdk::Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

}  // namespace

TEST_CASE("times that cannot be and values that are no numbers are refused with their row") {
  const Motion two{1, {1, 2}}, three{1, {1, 2, 3}};
  CHECK(refusal([&] {
          at_rate(two, {0, -0.5}, 20, 100);
        }) == "row 2 was recorded before the first row, or at no time");
  CHECK(refusal([&] { at_rate(two, {0, std::nan("")}, 20, 100); }).find("row 2") == 0);
  CHECK(refusal([&] {
          at_rate(two, {0, 1.5}, 20, 100);
        }) == "nothing was recorded from 0 to 1.5 s; cut the table there");
  CHECK(refusal([&] {
          at_rate(three, {0, 1, 1e300}, 20, 100);
        }).find("at most 5 s are encoded") != std::string::npos);
  Motion wrong{3, {1, 2, 3, 4, std::numeric_limits<float>::infinity(), 6}};
  CHECK(refusal([&] { scale(wrong, 1, 1); }) == "row 2 has a value that is not a finite number");
  Motion absurd{3, {1, 2, -3e7F}};
  CHECK(refusal([&] { scale(absurd, 1, 1); }).find("row 1 has the value -3e+07") == 0);
}

TEST_CASE("more readings than wanted are averaged, and fewer lie on lines") {
  CHECK(at_rate({1, {1, 3, 10}}, {0, 0.02, 0.05}, 20, 100).values == std::vector<float>{2, 10});
  CHECK(at_rate({2, {0, 8, 4, 0}}, {0, 0.2}, 20, 100).values ==
        std::vector<float>{0, 8, 1, 6, 2, 4, 3, 2, 4, 0});
}

TEST_CASE("readings that come late or twice fall where they were recorded") {
  CHECK(at_rate({1, {1, 5, 3, 7}}, {0, 0.11, 0.06, 0.11}, 20, 100).values == std::vector<float>{1, 3, 6});
}

TEST_CASE("a sensor at the model's own rate stays as it is, though its times jitter") {
  Motion motion{1, {}};
  Seconds seconds;
  for (int i = 0; i < 100; ++i) {
    motion.values.push_back(static_cast<float>(i));
    seconds.push_back(0.05 * i + 0.01 * ((i + 1) % 3 - 1));
  }
  CHECK(at_rate(motion, seconds, 20, 100).values == motion.values);
}

TEST_CASE("the first three channels are acceleration, three more turning, and the field has any unit") {
  Motion motion{6, {1, 2, 3, 4, 5, 6}};
  scale(motion, 2, 10);
  CHECK(motion.values == std::vector<float>{2, 4, 6, 40, 50, 60});
  Motion with_field{9, {1, 2, 3, 4, 5, 6, 7, 8, 9}};
  scale(with_field, 2, 10);
  CHECK(with_field.values == std::vector<float>{2, 4, 6, 40, 50, 60, 7, 8, 9});
}

TEST_CASE("a magnetic field becomes a direction, and none stays none") {
  Motion motion{9, {1, 2, 3, 4, 5, 6, 0, -30, 40, 1, 2, 3, 4, 5, 6, 0, 0, 0}};
  normalise_magnetometer(motion);
  const std::vector<float> wanted{1, 2, 3, 4, 5, 6, 0, -0.6F, 0.8F, 1, 2, 3, 4, 5, 6, 0, 0, 0};
  REQUIRE(motion.values.size() == wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i)
    CHECK(motion.values[i] == Catch::Approx(wanted[i]).margin(1e-6));
  Motion weak{9, {0, 0, 0, 0, 0, 0, 1e-5F, 0, 0}};
  normalise_magnetometer(weak);
  CHECK(weak.values[6] == Catch::Approx(0.5));
  Motion bare{6, {1, 2, 3, 4, 5, 6}};
  normalise_magnetometer(bare);
  CHECK(bare.values == std::vector<float>{1, 2, 3, 4, 5, 6});
}
