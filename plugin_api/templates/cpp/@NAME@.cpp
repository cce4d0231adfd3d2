// A table of readings in, one token a row out.
#include <lateral/plugin.hpp>

#include <algorithm>
#include <cmath>

namespace sdk = lateral::sdk;

namespace {

/// Number j of a row's token is sin(gain * reading * 2^(j/2)); a real encoder would put a network here.
class @CLASS@ : public sdk::Encoder {
 public:
  explicit @CLASS@(sdk::Options& options) : gain_(options.get("gain", 1.0)) {}

  sdk::Info info() const override {
    sdk::Info info{"@NAME@", "table", "@NAME@-1"};  // name, modality, token space
    info.token_width = kWidth;
    info.max_tokens = kMaxTokens;
    info.inputs = {sdk::Input::table("readings", {"value"})};
    info.token_limit = 1;
    return info;
  }

  sdk::Plan plan(const sdk::Inputs& in) override {
    const auto rows = in.f32("readings").dim(0);
    if (rows < 1) sdk::fail(LAT_INVALID_ARGUMENT, "no rows in \"readings\"");
    return {static_cast<std::uint32_t>(std::min<std::int64_t>(rows, kMaxTokens)), 0};
  }

  void encode(const sdk::Inputs& in, sdk::Outputs& out) override {
    const auto readings = in.f32("readings");
    const auto tokens = out.tokens();
    for (std::int64_t i = 0; i < tokens.dim(0); ++i) {
      out.check();
      for (std::uint32_t j = 0; j < kWidth; ++j) {
        tokens.row(i)[j] = static_cast<float>(std::sin(gain_ * *readings.row(i) * std::exp2(j / 2.0)));
      }
    }
  }

 private:
  static constexpr std::uint32_t kWidth = 16;
  static constexpr std::uint32_t kMaxTokens = 256;
  double gain_;
};

}  // namespace

LATERAL_PLUGIN(@CLASS@, "@NAME@", "0.1.0");
