// The filters and the spectrogram against Whisper's own.
#include <ATen/ATen.h>

#include <cstring>

#include "core/format/safetensors.hpp"
#include "core/format/wav.hpp"
#include "plugins/whisper/log_mel.hpp"
#include "plugins/whisper/mel_bank.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"

using namespace lateral;

namespace {

at::Tensor tensor_of(const format::TensorView& view) {
  at::Tensor tensor = at::empty(view.shape);
  std::memcpy(tensor.mutable_data_ptr(), view.bytes.data(), view.bytes.size());
  return tensor;
}

double difference(const at::Tensor& a, const at::Tensor& b) {
  REQUIRE(a.sizes() == b.sizes());
  return (a - b).abs().max().item<double>();
}

plugins::WhisperConfig standard(std::int64_t mels) {
  plugins::WhisperConfig config;
  config.mels = mels;
  config.positions = 1500;
  return config;
}

}  // namespace

TEST_CASE("each filter has the area of one, and neighbours overlap to their centres") {
  const std::int64_t bins = 4001;  // fine enough to see areas
  const auto bank = plugins::mel_bank(10, bins, 16000);
  for (std::size_t mel = 0; mel < 10; ++mel) {
    double area = 0;
    for (std::size_t bin = 0; bin < bins; ++bin)
      area += static_cast<double>(bank[mel * bins + bin]) * 8000 / (bins - 1);
    CHECK(area == Catch::Approx(1).epsilon(1e-3));
  }
}

TEST_CASE("the filters are those of Whisper") {
  const auto path = test::real_data("audio_fixtures/whisper_mel_filters.safetensors");
  if (!path) return;
  const format::SafetensorsFile file(*path);
  for (const std::int64_t mels : {80, 128}) {
    const at::Tensor bank = at::tensor(plugins::mel_bank(mels, 201, 16000)).view({mels, 201});
    CHECK(difference(bank, tensor_of(file.at("mel_" + std::to_string(mels)))) <
          4e-9);  // the last bit of float32
  }
}

TEST_CASE("the spectrogram of a recorded speech is that of Whisper") {
  const auto wav = test::real_data("audio_fixtures/jfk.wav");
  const auto expected = test::real_data("audio_fixtures/expected_jfk_logmel80.safetensors");
  if (!wav || !expected) return;
  const auto samples = format::read_wav(*wav).samples;
  const at::Tensor mel = plugins::LogMel(standard(80))(at::tensor(samples));
  CHECK(mel.sizes() == at::IntArrayRef({80, 3000}));
  // The logarithm of a band in which there is nearly nothing shows how a processor's Fourier transform rounds.
  CHECK(difference(mel.slice(1, 0, 1100), tensor_of(format::SafetensorsFile(*expected).at("log_mel"))) <
        1e-4);
}

TEST_CASE("the spectrogram of a short window is that of transformers") {
  const auto folder = test::repository() / "tests/fixtures/whisper";
  const auto config = plugins::read_whisper_config(folder);
  std::vector<float> samples;  // as record.py makes them
  for (std::int64_t i = 0; i < 11200; ++i)
    samples.push_back(static_cast<float>(i * i * 7919 % 2003 - 1001) / 4096);
  const format::SafetensorsFile expected(folder / "expected.safetensors");
  CHECK(difference(plugins::LogMel(config)(at::tensor(samples)), tensor_of(expected.at("features"))) < 2e-5);
}

TEST_CASE("silence, one sample and a full window have a spectrogram of the window's length") {
  const plugins::LogMel log_mel(standard(80));
  const at::Tensor silence = log_mel(at::zeros({1}));
  CHECK(silence.sizes() == at::IntArrayRef({80, 3000}));
  CHECK(difference(silence, at::full({80, 3000}, -1.5)) < 1e-6);  // (log10 1e-10 + 4) / 4
  CHECK(log_mel(at::rand({480000})).size(1) == 3000);
}
