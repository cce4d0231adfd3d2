#include "plugins/imu/motion.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include <lateral/sdk/error.hpp>

namespace lateral::plugins {
namespace {

constexpr double kLongestGap = 1;       // seconds
constexpr float kFieldEpsilon = 1e-5F;  // upstream adds it to the length of a magnetic field
/// Far beyond any sensor, and small enough that no sum of squares overflows.
constexpr float kMaxReading = 1e6F;
constexpr double kHalf =
    0.5 + 1e-6;  // what lies in the middle by its digits goes up, whatever rounding made of it

/// The new row that each reading belongs to.
std::vector<std::int64_t> shares_of(const std::vector<double>& seconds, double rate, std::int64_t most) {
  std::vector<std::int64_t> shares;
  for (std::size_t row = 0; row < seconds.size(); ++row) {
    const double share = std::floor((seconds[row] - seconds[0]) * rate + kHalf);
    if (!(share >= 0))
      sdk::fail(LAT_INVALID_ARGUMENT, "row ", row + 1, " was recorded before the first row, or at no time");
    if (share >= static_cast<double>(most)) {
      sdk::fail(LAT_INVALID_ARGUMENT, "row ", row + 1, " was recorded ", seconds[row] - seconds[0],
                " s after the first row; at most ", static_cast<double>(most) / rate,
                " s are encoded; cut the table, or raise the option \"windows\"");
    }
    shares.push_back(static_cast<std::int64_t>(share));
  }
  return shares;
}

/// Rows of which nothing was read become points of the line between those around them. The last row was read.
void fill_gaps(Motion& motion, const std::vector<int>& counts, double rate) {
  const auto row = [&](std::int64_t i) { return motion.values.begin() + i * motion.channels; };
  std::int64_t before = 0;
  for (std::int64_t after = 1; after < motion.rows(); ++after) {
    if (counts[static_cast<std::size_t>(after)] == 0) continue;
    const auto gap = static_cast<double>(after - before);
    if (gap > 1 && gap / rate > kLongestGap) {
      sdk::fail(LAT_INVALID_ARGUMENT, "nothing was recorded from ", static_cast<double>(before) / rate,
                " to ", static_cast<double>(after) / rate, " s; cut the table there");
    }
    for (std::int64_t i = before + 1; i < after; ++i) {
      const auto part = static_cast<float>(static_cast<double>(i - before) / gap);
      for (std::int64_t c = 0; c < motion.channels; ++c)
        row(i)[c] = (1 - part) * row(before)[c] + part * row(after)[c];
    }
    before = after;
  }
}

}  // namespace

void scale(Motion& motion, float accelerometer, float gyroscope) {
  for (std::int64_t row = 0; row < motion.rows(); ++row) {
    for (std::int64_t channel = 0; channel < motion.channels; ++channel) {
      float& value = motion.values[static_cast<std::size_t>(row * motion.channels + channel)];
      value *= channel < 3 ? accelerometer : channel < kChannels ? gyroscope : 1.0F;
      if (!std::isfinite(value))
        sdk::fail(LAT_INVALID_ARGUMENT, "row ", row + 1, " has a value that is not a finite number");
      if (std::abs(value) > kMaxReading) {
        sdk::fail(LAT_INVALID_ARGUMENT, "row ", row + 1, " has the value ", value,
                  " (of 9.8 m/s2, or rad/s), which no sensor gives; correct the units or the columns");
      }
    }
  }
}

void normalise_magnetometer(Motion& motion) {
  if (motion.channels != kMagnetometerChannels) return;
  for (std::int64_t row = 0; row < motion.rows(); ++row) {
    const auto field =
        std::span(motion.values).subspan(static_cast<std::size_t>(row * motion.channels + kChannels), 3);
    const float length =
        std::sqrt(field[0] * field[0] + field[1] * field[1] + field[2] * field[2]) + kFieldEpsilon;
    for (float& part : field) part /= length;
  }
}

Motion at_rate(const Motion& motion, const std::vector<double>& seconds, double rate, std::int64_t most) {
  const auto shares = shares_of(seconds, rate, most);
  const auto rows = static_cast<std::size_t>(*std::max_element(shares.begin(), shares.end()) + 1);
  const auto channels = static_cast<std::size_t>(motion.channels);
  std::vector<double> sums(rows * channels);
  std::vector<int> counts(rows);
  for (std::size_t row = 0; row < shares.size(); ++row) {
    const auto share = static_cast<std::size_t>(shares[row]);
    ++counts[share];
    for (std::size_t c = 0; c < channels; ++c)
      sums[share * channels + c] += static_cast<double>(motion.values[row * channels + c]);
  }
  Motion result{motion.channels, std::vector<float>(sums.size())};
  for (std::size_t i = 0; i < sums.size(); ++i)
    result.values[i] = static_cast<float>(sums[i] / std::max(1, counts[i / channels]));
  fill_gaps(result, counts, rate);
  return result;
}

}  // namespace lateral::plugins
