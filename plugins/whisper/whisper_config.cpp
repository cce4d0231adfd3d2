#include "plugins/whisper/whisper_config.hpp"

#include "core/base/error.hpp"
#include "core/format/json.hpp"

namespace lateral::plugins {
namespace {

namespace json = format::json;

constexpr std::int64_t kMaxSize = 65536;

std::int64_t size(const json::Value& object, const char* key, std::int64_t least = 1) {
  return object.at(key).as_int(least, kMaxSize);
}

WhisperConfig encoder_of(const json::Value& file) {
  if (const std::string type = file.get("model_type", ""); type != "whisper") {
    fail(Errc::Unsupported, "whisper", file.at("model_type").place(), " is \"", type,
         "\"; a Whisper model is needed");
  }
  WhisperConfig config;
  config.width = size(file, "d_model");
  config.layers = size(file, "encoder_layers");
  config.heads = size(file, "encoder_attention_heads");
  config.inner = size(file, "encoder_ffn_dim");
  config.mels = size(file, "num_mel_bins", 2);
  config.positions = size(file, "max_source_positions");
  config.activation = activation_named(file.get("activation_function", "gelu"), "config.json");
  if (config.width % config.heads != 0) file.at("encoder_attention_heads").reject("a divisor of d_model");
  return config;
}

void read_front_end(const json::Value& file, WhisperConfig& config) {
  const auto number = [&](const char* key, std::int64_t usual, std::int64_t least) {
    return file.find(key) ? size(file, key, least) : usual;
  };
  config.rate = number("sampling_rate", config.rate, 1);
  config.transform = number("n_fft", config.transform, 2);
  config.hop = number("hop_length", config.hop, 1);
  const std::int64_t mels = number("feature_size", config.mels, 2);
  const std::int64_t seconds = number("chunk_length", config.window() / config.rate, 1);
  if (config.rate != 16000) {  // the bank of filters ends at 8 kHz whatever the rate
    fail(Errc::Unsupported, "whisper", file.at("sampling_rate").place(), " is ", config.rate,
         "; Whisper hears 16000");
  }
  if (config.transform % 2 != 0) file.at("n_fft").reject("an even number");
  if (mels != config.mels) file.at("feature_size").reject("num_mel_bins of config.json");
  if (seconds * config.rate != config.window())
    file.at("chunk_length").reject("the seconds of max_source_positions in config.json");
  if (file.get("dither", 0.0) != 0 || file.get("do_normalize", false)) {
    fail(Errc::Unsupported, "whisper", file.place(),
         " asks for dither or do_normalize, which change the sound itself");
  }
}

}  // namespace

WhisperConfig read_whisper_config(const std::filesystem::path& folder) {
  WhisperConfig config = encoder_of(json::read_file(folder / "config.json"));
  const auto front_end = folder / "preprocessor_config.json";
  if (std::filesystem::exists(front_end)) read_front_end(json::read_file(front_end), config);
  if (config.transform > config.window())
    fail(Errc::Corrupt, "whisper", folder.string(), ": n_fft is longer than all that the encoder hears");
  return config;
}

}  // namespace lateral::plugins
