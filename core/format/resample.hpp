#pragma once
// Sound at another rate. The only door to libsamplerate.

#include "core/format/wav.hpp"

namespace lateral::format {

/// The same sound at `rate` samples a second: band-limited (windowed sinc; 121 dB, 90 % of the narrower band), in time with
/// the original, deterministic. n samples become n * rate / audio.rate, rounded up, so that sound never becomes none.
/// Throws InvalidArgument for a rate that is not a whole number of Hz from 1 to 768,000 or beyond 256 times the other;
/// ResourceExhausted when more than kMaxAudioSamples would come out.
Audio resampled(const Audio& audio, double rate);

}  // namespace lateral::format
