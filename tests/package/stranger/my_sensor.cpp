// What a plugin author writes for a first encoder: the loudness of each second of a microphone.
#include <lateral/plugin.hpp>

#include <algorithm>
#include <cmath>

namespace sdk = lateral::sdk;

class Loudness : public sdk::Encoder {
 public:
  explicit Loudness(sdk::Options& options) : gain_(options.get("gain", 1.0F)) {}

  sdk::Info info() const override {
    sdk::Info info{"loudness", "microphone", "loudness-1"};
    info.token_width = 2;
    info.max_tokens = 60;
    info.inputs = {sdk::Input::audio("sound", 16'000)};
    return info;
  }

  sdk::Plan plan(const sdk::Inputs& in) override {
    const auto seconds = in.f32("sound").dim(0) / kRate;
    return {static_cast<std::uint32_t>(std::clamp<std::int64_t>(seconds, 1, 60)), 0};
  }

  void encode(const sdk::Inputs& in, sdk::Outputs& out) override {
    const auto sound = in.f32("sound");
    for (std::int64_t second = 0; second < out.tokens().dim(0); ++second) {
      out.check();
      const float* const begin = sound.data() + second * kRate;
      const float* const end = std::min(begin + kRate, sound.end());
      float energy = 0;
      for (const float* value = begin; value < end; ++value) energy += *value * *value;
      out.tokens().row(second)[0] = gain_ * std::sqrt(energy / kRate);
      out.tokens().row(second)[1] = 1;
    }
  }

 private:
  static constexpr std::int64_t kRate = 16'000;
  float gain_;
};

LATERAL_PLUGIN(Loudness, "my_sensor", "0.1.0");
