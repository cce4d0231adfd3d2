#pragma once
// Triangular filters on Slaney's mel scale (linear to 1 kHz, logarithmic above), each of unit area: librosa's and
// Whisper's.

#include <cstdint>
#include <vector>

namespace lateral::plugins {

/// Filters [mels, bins] from 0 Hz to half of `rate`, row-major, for the bins of a Fourier transform of 2 (bins - 1)
/// samples. All arguments are at least 2.
std::vector<float> mel_bank(std::int64_t mels, std::int64_t bins, double rate);

}  // namespace lateral::plugins
