#pragma once
// Readings of a motion sensor as LIMU-BERT was trained on them: at one rate, gravity near 1, the magnetic field as a
// direction. No torch.

#include <cstdint>
#include <vector>

namespace lateral::plugins {

/// What upstream prepares: accelerometer and gyroscope of three axes each, and a magnetometer behind them.
inline constexpr std::int64_t kChannels = 6, kMagnetometerChannels = 9;

/// Rows [n, channels], row-major.
struct Motion {
  std::int64_t channels = 0;
  std::vector<float> values;

  std::int64_t rows() const {
    return channels == 0 ? 0 : static_cast<std::int64_t>(values.size()) / channels;
  }
};

/// Multiplies each row's channels 0 to 2 by `accelerometer`, 3 to 5 by `gyroscope`. Throws sdk::Error LAT_INVALID_ARGUMENT
/// naming the row of a value that is not finite, or that no sensor gives (beyond 1e6).
void scale(Motion& motion, float accelerometer, float gyroscope);

/// Divides channels 6 to 8 of rows with a magnetometer by their length, in whatever unit they are; others stay.
void normalise_magnetometer(Motion& motion);

/// The readings at `rate` a second, from the first row's time on: each new row is the mean of what was read less than half
/// a step from its time, or lies on the line between its neighbours where nothing was. `seconds` holds the time of each
/// row; their order does not matter otherwise.
/// Throws LAT_INVALID_ARGUMENT: a time that is not finite or lies before the first new row, more than a second without a
/// reading, or more than `most` new rows.
Motion at_rate(const Motion& motion, const std::vector<double>& seconds, double rate, std::int64_t most);

}  // namespace lateral::plugins
