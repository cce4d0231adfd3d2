// Sound into tokens with the encoder of a Whisper model: each token is the mean of a few of its states, and there are as
// many tokens as the clip has sound, whatever silence the model was shown behind it.

#include <lateral/plugin.hpp>

#include <ATen/ATen.h>

#include <algorithm>

#include "plugins/torch/bridge.hpp"
#include "plugins/torch/guard.hpp"
#include "plugins/whisper/audio_encoder.hpp"
#include "plugins/whisper/log_mel.hpp"

namespace {

namespace sdk = lateral::sdk;
namespace plugins = lateral::plugins;

std::int64_t divided_up(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

std::int64_t within(sdk::Options& options, const char* key, std::int64_t usual, std::int64_t least,
                    std::int64_t most) {
  const std::int64_t value = options.get(key, usual);
  if (value < least || value > most)
    sdk::fail(LAT_INVALID_ARGUMENT, "option \"", key, "\" is ", value, "; possible are ", least, " to ",
              most);
  return value;
}

/// Of full scale, 1: far beyond any recording, and small enough that its power does not overflow.
constexpr float kMaxSample = 1e6F;

struct Choices {
  Choices(sdk::Options& options, const plugins::WhisperConfig& config)
      : layer(within(options, "layer", config.layers, 0, config.layers)),
        pool(within(options, "pool", std::min<std::int64_t>(10, config.positions), 1, config.positions)),
        windows(within(options, "windows", 1, 1, 20)) {
    const std::string context = options.get("context", "window");
    if (context != "window" && context != "clip")
      sdk::fail(LAT_INVALID_ARGUMENT, "option \"context\" is \"", context,
                "\"; possible are window and clip");
    clip_only = context == "clip";
  }

  std::int64_t layer, pool, windows;
  bool clip_only = false;  ///< the blocks run on the clip alone
};

std::filesystem::path model_folder(const sdk::Host& host, sdk::Options& options) {
  const std::string model = options.get("model", "");
  if (model.empty())
    sdk::fail(LAT_INVALID_ARGUMENT, "option \"model\" must name the directory of a Whisper model");
  return std::filesystem::path(host.folder()) / model;
}

class Whisper final : public plugins::TorchEncoder {
 public:
  Whisper(const sdk::Host& host, sdk::Options& options) : Whisper(options, model_folder(host, options)) {}

  sdk::Info info() const override {
    sdk::Info info{"whisper", "audio", token_space_};
    info.token_width = static_cast<std::uint32_t>(config_.width);
    info.max_tokens =
        static_cast<std::uint32_t>(choices_.windows * divided_up(config_.positions, choices_.pool));
    info.inputs = {sdk::Input::audio("audio", static_cast<double>(config_.rate))};
    info.position_axes = {"t"};
    info.position_units = "s";
    return info;
  }

  sdk::Plan plan(const sdk::Inputs& in) override {
    const std::int64_t samples = in.f32("audio").dim(0);
    std::int64_t tokens = 0;
    for (std::int64_t start = 0; start < samples_within(samples); start += config_.window())
      tokens += tokens_of(std::min(samples - start, config_.window()));
    return {static_cast<std::uint32_t>(tokens), 0};
  }

 private:
  Whisper(sdk::Options& options, const std::filesystem::path& folder)
      : config_(plugins::computing([&] { return plugins::read_whisper_config(folder); })),
        choices_(options, config_) {
    plugins::computing([&] {
      plugins::Weights weights(folder);
      encoder_.emplace(weights, config_, choices_.layer);
      log_mel_.emplace(config_);
      auto hash = weights.taken();
      for (const auto number : {config_.transform, config_.hop, config_.heads, choices_.layer, choices_.pool})
        hash.add(number);
      hash.add(static_cast<std::int64_t>(config_.activation))
          .add(static_cast<std::int64_t>(choices_.clip_only));
      token_space_ = "whisper/" + hash.text();
    });
  }

  std::int64_t samples_within(std::int64_t samples) const {
    if (samples == 0) sdk::fail(LAT_INVALID_ARGUMENT, "the clip is empty");
    if (samples > choices_.windows * config_.window()) {
      const auto seconds = [&](std::int64_t n) {
        return static_cast<double>(n) / static_cast<double>(config_.rate);
      };
      sdk::fail(LAT_INVALID_ARGUMENT, "the clip has ", seconds(samples), " s, at most ",
                seconds(choices_.windows * config_.window()),
                " s are encoded; cut it, or raise the option \"windows\"");
    }
    return samples;
  }
  std::int64_t positions_of(std::int64_t samples) const {
    return divided_up(samples, config_.samples_per_position());
  }
  std::int64_t tokens_of(std::int64_t samples) const {
    return divided_up(positions_of(samples), choices_.pool);
  }

  void run(const sdk::Inputs& in, sdk::Outputs& out) override {
    const at::Tensor samples = plugins::as_tensor(in.f32("audio"));
    if (!at::isfinite(samples).all().item<bool>())
      sdk::fail(LAT_INVALID_ARGUMENT, "the clip has samples that are not finite numbers");
    if (samples.numel() > 0 && samples.abs().max().item<float>() > kMaxSample)
      sdk::fail(LAT_INVALID_ARGUMENT, "the clip has samples of more than ", kMaxSample,
                " times full scale; the microphone's driver gives no sound");
    std::vector<at::Tensor> tokens, times;
    for (std::int64_t start = 0; start < samples_within(samples.size(0)); start += config_.window()) {
      const auto window = samples.narrow(0, start, std::min(config_.window(), samples.size(0) - start));
      const at::Tensor states = states_of(window, out);
      for (std::int64_t first = 0; first < states.size(0); first += choices_.pool) {
        const std::int64_t count = std::min(choices_.pool, states.size(0) - first);
        tokens.push_back(states.narrow(0, first, count).mean(0));
        times.push_back(time_of(start, first, count));
      }
    }
    plugins::write_rows(at::stack(tokens), out.tokens());
    plugins::write_rows(at::stack(times), out.positions());
  }

  /// Of the positions that hear the clip itself.
  at::Tensor states_of(const at::Tensor& samples, const sdk::Outputs& out) const {
    const std::int64_t heard = positions_of(samples.size(0));
    at::Tensor spectrogram = (*log_mel_)(samples);
    if (choices_.clip_only) spectrogram = spectrogram.slice(1, 0, 2 * heard);
    return (*encoder_)(spectrogram, [&] { out.check(); }).narrow(0, 0, heard);
  }

  at::Tensor time_of(std::int64_t start, std::int64_t first, std::int64_t count) const {
    const double middle = static_cast<double>(first) + static_cast<double>(count) / 2;
    const double samples =
        static_cast<double>(start) + middle * static_cast<double>(config_.samples_per_position());
    return at::full({1}, samples / static_cast<double>(config_.rate), at::kFloat);
  }

  plugins::WhisperConfig config_;
  Choices choices_;
  std::optional<plugins::AudioEncoder> encoder_;
  std::optional<plugins::LogMel> log_mel_;
  std::string token_space_;
};

}  // namespace

LATERAL_PLUGIN(Whisper, "whisper", "0.1.0");
