// The Whisper plugin in a host, with the small recorded model of tests/fixtures/whisper.
#include <cmath>
#include <cstring>
#include <limits>

#include "../signals.hpp"
#include "core/format/safetensors.hpp"

using namespace lateral;
using test::Loaded;

namespace {

const std::filesystem::path kModel = test::repository() / "tests/fixtures/whisper";

plugin::OptionMap options(plugin::OptionMap more = {}) {
  more.try_emplace("model", kModel.string());
  return more;
}

/// The sound that record.py made.
std::vector<float> sound(std::int64_t samples) {
  std::vector<float> values;
  for (std::int64_t i = 0; i < samples; ++i)
    values.push_back(static_cast<float>(i * i * 7919 % 2003 - 1001) / 4096);
  return values;
}

plugin::Tokens encode(plugin::Encoder& encoder, const std::vector<float>& samples, double rate = 16000) {
  const plugin::Input input{"audio",
                            plugin::InputKind::Audio,
                            plugin::DType::F32,
                            {static_cast<std::int64_t>(samples.size())},
                            samples.data(),
                            {},
                            rate};
  return encoder.encode({&input, 1});
}

std::string refusal(const std::vector<float>& samples, double rate = 16000) {
  Loaded whisper("whisper", options());
  return test::thrown_by([&] { encode(*whisper.encoder, samples, rate); }).message;
}

std::string refusal_to_load(plugin::OptionMap given) {
  return test::thrown_by([&] { Loaded whisper("whisper", std::move(given)); }).message;
}

/// A copy of the model whose files a test may damage.
struct Copy {
  Copy() { std::filesystem::copy(kModel, folder.path(), std::filesystem::copy_options::recursive); }
  void replace(const std::string& file, const std::string& what, const std::string& with) const {
    std::string text = read_text(folder / file, 1 << 20);
    REQUIRE(text.find(what) != text.npos);
    test::write_file(folder / file, text.replace(text.find(what), what.size(), with));
  }
  void nest(const std::string& member, const std::string& what, const std::string& with) const {
    replace("preprocessor_config.json", what, with);
    const auto file = folder / "preprocessor_config.json";
    test::write_file(folder / "processor_config.json",
                     "{\"" + member + "\": " + read_text(file, 1 << 20) + "}");
    std::filesystem::copy_file(kModel / "preprocessor_config.json", file,
                               std::filesystem::copy_options::overwrite_existing);
  }
  std::string refusal() const { return refusal_to_load({{"model", folder.path().string()}}); }
  std::string token_space() const {
    return Loaded("whisper", {{"model", folder.path().string()}}).encoder->spec().token_space;
  }
  test::TemporaryFolder folder;
};

bool contains(const std::string& text, const std::string& part) {
  INFO(text);
  CHECK(text.find(part) != text.npos);
  return text.find(part) != text.npos;
}

}  // namespace

TEST_CASE("sound that cannot be encoded costs one clear error") {
  contains(refusal({}), "the clip is empty");
  contains(refusal(sound(16001)),
           "the clip has 1.00006 s, at most 1 s are encoded; cut it, or raise the option \"windows\"");
  contains(refusal(sound(100), 8000), "has 8000 Hz, wanted are 16000 Hz");
  contains(refusal({0, std::numeric_limits<float>::quiet_NaN()}), "samples that are not finite numbers");
  contains(refusal({0, -1e30F}), "more than 1e+06 times full scale");
}

TEST_CASE("a model that is missing, of another kind or damaged is refused with file and reason") {
  contains(refusal_to_load({}), "option \"model\" must name the directory");
  contains(refusal_to_load({{"model", std::string("/nowhere")}}), "/nowhere/config.json");
  const Copy other, short_weights, uneven, noisy, mels;
  other.replace("config.json", "\"model_type\": \"whisper\"", "\"model_type\": \"wav2vec2\"");
  contains(other.refusal(), "\"wav2vec2\"; a Whisper model is needed");
  uneven.replace("config.json", "\"d_model\": 16", "\"d_model\": 17");
  contains(uneven.refusal(), "encoder_attention_heads");
  mels.replace("preprocessor_config.json", "\"feature_size\": 20", "\"feature_size\": 80");
  contains(mels.refusal(), "num_mel_bins of config.json");
  noisy.replace("preprocessor_config.json", "\"dither\": 0.0", "\"dither\": 0.1");
  contains(noisy.refusal(), "dither");
  std::filesystem::resize_file(short_weights.folder / "model.safetensors", 20000);
  contains(short_weights.refusal(), "model.safetensors");
}

TEST_CASE("clips that are not followed by silence are refused") {
  const Copy left, loud;
  left.replace("preprocessor_config.json", "\"padding_side\": \"right\"", "\"padding_side\": \"left\"");
  contains(left.refusal(), "$.padding_side is \"left\"; a clip is followed by silence");
  loud.replace("preprocessor_config.json", "\"padding_value\": 0.0", "\"padding_value\": 0.5");
  contains(loud.refusal(), "$.padding_value is 0.5; a clip is followed by silence");
}

TEST_CASE("a part of processor_config.json counts before preprocessor_config.json") {
  const auto usual = Loaded("whisper", options()).encoder->spec().token_space;
  const Copy noisy, wide, other;
  noisy.nest("feature_extractor", "\"dither\": 0.0", "\"dither\": 0.1");
  contains(noisy.refusal(), "processor_config.json: $.feature_extractor asks for dither");
  wide.nest("audio_processor", "\"feature_size\": 20", "\"feature_size\": 80");
  contains(wide.refusal(), "$.audio_processor.feature_size: expected num_mel_bins");
  test::write_file(other.folder / "processor_config.json",
                   R"({"processor_class": "WhisperProcessor", "feature_extractor": null})");
  CHECK(other.token_space() == usual);
  other.nest("feature_extractor", "\"hop_length\": 160", "\"hop_length\": 80");
  std::filesystem::remove(other.folder / "preprocessor_config.json");
  contains(other.refusal(), "chunk_length");
}

TEST_CASE("without either file the numbers are Whisper's own, and a link to nowhere is an error") {
  const Copy bare;
  std::filesystem::remove(bare.folder / "preprocessor_config.json");
  CHECK(bare.token_space() == Loaded("whisper", options()).encoder->spec().token_space);
  for (const char* const file : {"preprocessor_config.json", "processor_config.json"}) {
    std::filesystem::create_symlink("nowhere.json", bare.folder / file);
    contains(bare.refusal(), std::string("/") + file);
    std::filesystem::remove(bare.folder / file);
  }
}

TEST_CASE("weights of another shape are refused by name, and options out of range with what is possible") {
  const Copy wide;
  wide.replace("config.json", "\"encoder_ffn_dim\": 32", "\"encoder_ffn_dim\": 48");
  contains(wide.refusal(), "encoder.layers.0.fc1.weight\" is [32, 16], not [48, 16]");
  contains(refusal_to_load(options({{"layer", std::int64_t{3}}})), "\"layer\" is 3; possible are 0 to 2");
  contains(refusal_to_load(options({{"pool", std::int64_t{0}}})), "\"pool\" is 0; possible are 1 to 50");
  contains(refusal_to_load(options({{"context", std::string("all")}})), "possible are window and clip");
}

TEST_CASE("each layer's states are those of transformers") {
  const format::SafetensorsFile expected(kModel / "expected.safetensors");
  for (const std::int64_t layer : {0, 1, 2}) {
    Loaded whisper("whisper", options({{"layer", layer}, {"pool", std::int64_t{1}}}));
    const auto tokens = encode(*whisper.encoder, sound(11200)).tokens;
    const auto& states = expected.at("states." + std::to_string(layer));
    REQUIRE(std::vector<std::int64_t>{tokens.rows, tokens.width} == states.shape);
    std::vector<float> wanted(tokens.values().size());
    std::memcpy(wanted.data(), states.bytes.data(), states.bytes.size());
    CHECK(test::largest_difference(tokens.values(), wanted) < 5e-5F);
  }
}

TEST_CASE("tokens are means of the states that hear the clip, and the last of what is left") {
  Loaded one("whisper", options({{"pool", std::int64_t{1}}})),
      four("whisper", options({{"pool", std::int64_t{4}}}));
  const auto states = encode(*one.encoder, sound(6000)).tokens;  // 18.75 positions
  const auto pooled = encode(*four.encoder, sound(6000));
  REQUIRE(states.rows == 19);
  REQUIRE(pooled.tokens.rows == 5);
  for (std::int64_t i = 0; i < pooled.tokens.rows; ++i) {
    const std::int64_t count = std::min<std::int64_t>(4, 19 - 4 * i);
    float sum = 0;
    for (std::int64_t k = 0; k < count; ++k) sum += states.row(4 * i + k)[3];
    CHECK(pooled.tokens.row(i)[3] == Catch::Approx(sum / static_cast<float>(count)).margin(1e-6));
  }
  CHECK(pooled.positions->row(0)[0] == Catch::Approx(0.04));
  CHECK(pooled.positions->row(4)[0] == Catch::Approx(0.35));
  CHECK(pooled.token_space != one.encoder->spec().token_space);
}

TEST_CASE("a single sample is one token, and a longer clip goes through in windows of its own") {
  Loaded whisper("whisper", options({{"pool", std::int64_t{10}}, {"windows", std::int64_t{3}}}));
  CHECK(encode(*whisper.encoder, {0.5F}).tokens.rows == 1);
  auto long_clip = sound(16000);
  const auto first = encode(*whisper.encoder, long_clip).tokens;
  long_clip.insert(long_clip.end(), long_clip.begin(), long_clip.begin() + 5000);
  const auto both = encode(*whisper.encoder, long_clip);
  REQUIRE(first.rows == 5);
  REQUIRE(both.tokens.rows == 7);
  CHECK(test::largest_difference(both.tokens.values().first(first.values().size()), first.values()) < 1e-6F);
  CHECK(both.positions->row(5)[0] == Catch::Approx(1.1));
}

TEST_CASE("context \"clip\" has as many tokens and is another token space") {
  Loaded window("whisper", options()), clip("whisper", options({{"context", std::string("clip")}}));
  const auto in_silence = encode(*window.encoder, sound(7000)), alone = encode(*clip.encoder, sound(7000));
  CHECK(in_silence.tokens.rows == alone.tokens.rows);
  CHECK(test::largest_difference(in_silence.tokens.values(), alone.tokens.values()) > 1e-3F);
  CHECK(in_silence.token_space != alone.token_space);
}

TEST_CASE("sound gives the same bits in a thread, in a process and in a sandbox") {
  test::expect_same_bits("whisper", options(),
                         [](plugin::Encoder& encoder) { return encode(encoder, sound(11200)); });
}
