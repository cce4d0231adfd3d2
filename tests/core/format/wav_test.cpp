#include "core/format/wav.hpp"

#include <cmath>
#include <limits>

#include "core/base/file.hpp"
#include "tests/support/files.hpp"
#include "tests/support/hostile.hpp"

using namespace lateral;
using namespace lateral::format;
using test::code_of;
using test::raw;
using test::to_bytes;

namespace {

std::string u32(std::size_t value) {
  return raw<std::uint32_t>({static_cast<std::uint32_t>(value)});
}

/// `format` 1 = PCM, 3 = float.
std::string wav(int format, int channels, int bits, const std::string& data, int rate = 16000) {
  const auto u16 = [](int value) { return static_cast<std::uint16_t>(value); };
  const int block = channels * bits / 8;
  const std::string head = "fmt " + u32(16) + raw<std::uint16_t>({u16(format), u16(channels)}) +
                           u32(static_cast<std::size_t>(rate)) + u32(static_cast<std::size_t>(rate * block)) +
                           raw<std::uint16_t>({u16(block), u16(bits)});
  const std::string body = "WAVE" + head + "data" + u32(data.size()) + data;
  return "RIFF" + u32(body.size()) + body;
}

Audio decode(const std::string& text) {
  return decode_wav(to_bytes(text), "test.wav");
}
void read_sound(std::span<const std::byte> bytes) {
  decode_wav(bytes, "test.wav");
}

}  // namespace

TEST_CASE("what is not WAV, has no sound or odd numbers is refused") {
  CHECK(code_of([] { decode("OggS............"); }) == Errc::Unsupported);
  CHECK(code_of([] { decode(""); }) == Errc::Unsupported);
  CHECK(code_of([] { decode("RIFF" + u32(4) + "WAVE"); }) == Errc::Corrupt);
  CHECK(code_of([] {
          decode(wav(3, 1, 32, raw<float>({1, std::numeric_limits<float>::quiet_NaN()})));
        }) == Errc::Corrupt);
  CHECK(code_of([] { decode(wav(1, 0, 16, "1234")); }) == Errc::Corrupt);
}

TEST_CASE("integers become [-1, 1], floats stay, channels are averaged") {
  const Audio pcm = decode(wav(1, 1, 16, raw<std::int16_t>({0, 16384, -32768})));
  CHECK(pcm.rate == 16000);
  CHECK(pcm.samples == std::vector<float>{0, 0.5F, -1});
  CHECK(decode(wav(3, 1, 32, raw<float>({0.25F, -3}))).samples == std::vector<float>{0.25F, -3});
  CHECK(decode(wav(1, 2, 16, raw<std::int16_t>({16384, 0, -16384, -16384}), 8000)).samples ==
        std::vector<float>{0.25F, -0.5F});
}

TEST_CASE("a program that streams into a pipe does not know the length, and its file is read to the end") {
  std::string text = wav(1, 1, 16, raw<std::int16_t>({1, 2, 3, 4}));
  text.replace(4, 4, u32(0xFFFFFFFF)).replace(40, 4, u32(0xFFFFFFFF));
  CHECK(decode(text).samples.size() == 4);
}

TEST_CASE("chunks beside the sound are stepped over, whatever they claim") {
  const std::string plain = wav(1, 1, 16, raw<std::int16_t>({5, -5}));
  const auto samples = decode(plain).samples;
  const std::string note = "LIST" + u32(4) + "INFO", odd = "abcd" + u32(1) + std::string("x\0", 2);
  CHECK(decode(plain.substr(0, 12) + note + odd + plain.substr(12)).samples == samples);
  // A note whose length leads back to its own beginning.
  const std::string circle = "LIST" + u32(14) + "INFOIIFF" + u32(0xFFFFFFF7) + "WA";
  CHECK(decode(plain.substr(0, 36) + circle + plain.substr(36)).samples == samples);
}

TEST_CASE("other codings are refused by their number, also inside an extensible format") {
  CHECK(test::thrown_by([] { decode(wav(2, 1, 4, std::string(64, 'a'))); }).code == Errc::Unsupported);
  std::string format = "fmt " + u32(40) + raw<std::uint16_t>({0xFFFE, 1}) + u32(8000) + u32(16000) +
                       raw<std::uint16_t>({2, 16, 22, 16}) + u32(4) + raw<std::uint16_t>({1}) +
                       std::string("\0\0\0\0\x10\0\x80\0\0\xAA\0\x38\x9B\x71", 14);
  const auto file = [&] {
    const std::string body = "WAVE" + format + "data" + u32(2) + raw<std::int16_t>({16384});
    return "RIFF" + u32(body.size()) + body;
  };
  CHECK(decode(file()).samples == std::vector<float>{0.5F});
  format[8 + 24] = 2;
  CHECK(test::thrown_by([&] { decode(file()); }).mentions("coding 2"));
}

TEST_CASE("sound cut anywhere is refused, and damaged sound gives an error or sound") {
  const auto whole = to_bytes(wav(1, 1, 16, std::string(600, 'a')));
  test::check_truncations(whole, read_sound);
  test::check_flips(whole, read_sound, 500);
}

TEST_CASE("real recordings are decoded") {
  if (const auto folder = test::real_data("speech_commands")) {
    int clips = 0;
    for (const auto& entry : std::filesystem::directory_iterator(*folder / "right")) {
      const Audio audio = read_wav(entry.path());
      CHECK(audio.rate == 16000);
      CHECK(audio.samples.size() <= 16000);
      ++clips;
    }
    CHECK(clips == 20);
  }
  if (const auto folder = test::real_data("audio_fixtures")) {
    const Audio jfk = read_wav(*folder / "jfk.wav");
    CHECK(jfk.rate == 16000);
    CHECK(static_cast<double>(jfk.samples.size()) / jfk.rate == Catch::Approx(11.0).margin(0.05));
  }
}
