#include "core/format/resample.hpp"

#include <samplerate.h>

#include <cmath>
#include <cstdint>

#include "core/base/error.hpp"

namespace lateral::format {
namespace {

constexpr double kMaxRate = 768000;
constexpr long kSpare =
    64;  // the library rounds on its own; what it gives is cut or filled up to the length promised

std::int64_t length_at(const Audio& audio, int rate) {
  const auto from = static_cast<std::int64_t>(audio.rate);
  const std::int64_t length = (static_cast<std::int64_t>(audio.samples.size()) * rate + from - 1) / from;
  if (length > kMaxAudioSamples) {
    fail(Errc::ResourceExhausted, "resample", audio.samples.size(), " samples at ", audio.rate,
         " Hz would be ", length, " at ", rate, " Hz; at most ", kMaxAudioSamples, " are made");
  }
  return length;
}

}  // namespace

Audio resampled(const Audio& audio, double rate) {
  const double ratio = rate / audio.rate;
  if (!(rate >= 1) || rate > kMaxRate || rate != std::floor(rate) || src_is_valid_ratio(ratio) == 0) {
    fail(Errc::InvalidArgument, "resample", "cannot turn ", audio.rate, " Hz into ", rate, " Hz");
  }
  Audio result{static_cast<int>(rate), {}};
  const std::int64_t length = length_at(audio, result.rate);
  result.samples.resize(static_cast<std::size_t>(length + kSpare));
  SRC_DATA data{};
  data.data_in = audio.samples.data();
  data.input_frames = static_cast<long>(audio.samples.size());
  data.data_out = result.samples.data();
  data.output_frames = static_cast<long>(result.samples.size());
  data.src_ratio = ratio;
  if (const int error = src_simple(&data, SRC_SINC_MEDIUM_QUALITY, 1); error != 0) {
    fail(Errc::Internal, "resample", src_strerror(error));
  }
  result.samples.resize(static_cast<std::size_t>(data.output_frames_gen));
  result.samples.resize(static_cast<std::size_t>(length));
  return result;
}

}  // namespace lateral::format
