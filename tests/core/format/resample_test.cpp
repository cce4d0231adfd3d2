#include "core/format/resample.hpp"

#include <cmath>
#include <numbers>

#include "tests/support/hostile.hpp"

using namespace lateral;
using format::Audio;
using format::resampled;

namespace {

Audio tone(int rate, double hertz, double seconds) {
  Audio audio{rate, std::vector<float>(static_cast<std::size_t>(rate * seconds))};
  for (std::size_t i = 0; i < audio.samples.size(); ++i)
    audio.samples[i] =
        static_cast<float>(0.5 * std::sin(2 * std::numbers::pi * hertz * static_cast<double>(i) / rate));
  return audio;
}

/// The largest difference away from the ends, where a tone that begins at once is not band-limited.
float difference(const Audio& a, const Audio& b) {
  REQUIRE(a.samples.size() == b.samples.size());
  float largest = 0;
  for (std::size_t i = 1000; i + 1000 < a.samples.size(); ++i)
    largest = std::max(largest, std::abs(a.samples[i] - b.samples[i]));
  return largest;
}

}  // namespace

TEST_CASE("rates that cannot be are refused") {
  for (const double rate : {0.0, -16000.0, 0.5, 16000.5, 1e6, std::nan("")}) {
    CAPTURE(rate);
    CHECK(test::code_of([&] { resampled(tone(8000, 100, 0.1), rate); }) == Errc::InvalidArgument);
  }
  CHECK(test::code_of([] { resampled({1, {0, 1}}, 16000); }) == Errc::InvalidArgument);
  CHECK(test::code_of([] {
          resampled({8000, std::vector<float>(40'000'000)}, 48000);
        }) == Errc::ResourceExhausted);
}

TEST_CASE("a tone is the same tone at another rate, in time and in size") {
  for (const int from : {8000, 11025, 22050, 44100, 48000}) {
    CAPTURE(from);
    CHECK(difference(resampled(tone(from, 1234, 1), 16000), tone(16000, 1234, 1)) < 2e-5F);
  }
}

TEST_CASE("what the lower rate cannot hold is gone instead of folding back") {
  const auto low = resampled(tone(48000, 11000, 1), 16000);
  CHECK(difference(low, Audio{16000, std::vector<float>(16000)}) < 2e-5F);
}

TEST_CASE("lengths follow the rates, and sound never becomes none") {
  CHECK(resampled({8000, {}}, 16000).samples.empty());
  CHECK(resampled({48000, {0.5F}}, 16000).samples.size() == 1);
  CHECK(resampled({8000, {0.5F}}, 16000).samples.size() == 2);
  CHECK(resampled({44100, std::vector<float>(44101)}, 16000).samples.size() == 16001);
}

TEST_CASE("the same sound gives the same bits") {
  const auto sound = tone(8000, 432, 0.3);
  CHECK(resampled(sound, 16000).samples == resampled(sound, 16000).samples);
}
