#include "core/format/wav.hpp"

#include <cmath>

#include "tests/fuzz/target.hpp"

void lateral::fuzz::run(Input input) {
  const auto audio = format::decode_wav(input, "a.wav");
  require(audio.rate > 0, "sound has a rate");
  for (const float sample : audio.samples) require(std::isfinite(sample), "samples are finite");
}
