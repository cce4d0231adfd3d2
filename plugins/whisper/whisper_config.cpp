#include "plugins/whisper/whisper_config.hpp"

#include "core/base/error.hpp"
#include "core/format/json.hpp"
#include "plugins/torch/processor_config.hpp"

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

/// Tokens are made of the states at the clip's beginning, and the spectrogram goes on with zeros.
void require_silence_behind(const json::Value& file) {
  if (const std::string side = file.get("padding_side", "right"); side != "right") {
    fail(Errc::Unsupported, "whisper", file.at("padding_side").place(), " is \"", side,
         "\"; a clip is followed by silence, \"right\"");
  }
  if (const double value = file.get("padding_value", 0.0); value != 0) {
    fail(Errc::Unsupported, "whisper", file.at("padding_value").place(), " is ", value,
         "; a clip is followed by silence, 0");
  }
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
  require_silence_behind(file);
}

}  // namespace

WhisperConfig read_whisper_config(const std::filesystem::path& folder) {
  WhisperConfig config = encoder_of(json::read_file(folder / "config.json"));
  if (const auto front_end = read_processor_config(folder, {"feature_extractor", "audio_processor"}))
    read_front_end(*front_end, config);
  if (config.transform > config.window())
    fail(Errc::Corrupt, "whisper", folder.string(), ": n_fft is longer than all that the encoder hears");
  return config;
}

}  // namespace lateral::plugins
