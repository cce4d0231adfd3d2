#include "plugins/whisper/mel_bank.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace lateral::plugins {
namespace {

constexpr double kLinearHertz = 200.0 / 3;  // of one mel below the corner
constexpr double kCornerHertz = 1000, kCornerMel = kCornerHertz / kLinearHertz;
const double kLogStep = std::log(6.4) / 27;  // above: 27 mels from 1 to 6.4 kHz

double mel_of(double hertz) {
  return hertz < kCornerHertz ? hertz / kLinearHertz : kCornerMel + std::log(hertz / kCornerHertz) / kLogStep;
}

double hertz_of(double mel) {
  return mel < kCornerMel ? mel * kLinearHertz : kCornerHertz * std::exp((mel - kCornerMel) * kLogStep);
}

}  // namespace

std::vector<float> mel_bank(std::int64_t mels, std::int64_t bins, double rate) {
  const double top = mel_of(rate / 2);
  const auto corner = [&](std::int64_t i) {
    return hertz_of(top * static_cast<double>(i) / static_cast<double>(mels + 1));
  };
  std::vector<float> bank;
  bank.reserve(static_cast<std::size_t>(mels * bins));
  for (std::int64_t mel = 0; mel < mels; ++mel) {
    const double low = corner(mel), centre = corner(mel + 1), high = corner(mel + 2);
    for (std::int64_t bin = 0; bin < bins; ++bin) {
      const double hertz = rate / 2 * static_cast<double>(bin) / static_cast<double>(bins - 1);
      const double height = std::min((hertz - low) / (centre - low), (high - hertz) / (high - centre));
      bank.push_back(static_cast<float>(std::max(0.0, height) * 2 / (high - low)));
    }
  }
  return bank;
}

}  // namespace lateral::plugins
