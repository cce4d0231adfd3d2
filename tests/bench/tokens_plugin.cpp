// Gives back the tokens that it is given, as raw float32 of the width that its option says: what a frozen
// encoder made outside becomes a sense of the host. SENSE is the plugin's id.
#include <cstring>
#include <string>

#include <lateral/plugin.hpp>

#ifndef SENSE
#error "define SENSE"
#endif

namespace sdk = lateral::sdk;

namespace {

constexpr std::uint32_t kMostTokens = 64;

class Tokens : public sdk::Encoder {
 public:
  explicit Tokens(sdk::Options& options) : width_(options.get("width", std::uint32_t{1})) {}

  sdk::Info info() const override {
    sdk::Info info{SENSE, "tokens", std::string(SENSE) + "-tokens-1"};
    info.token_width = width_;
    info.max_tokens = kMostTokens;
    info.inputs = {sdk::Input::raw("tokens")};
    return info;
  }
  sdk::Plan plan(const sdk::Inputs& in) override {
    return {static_cast<std::uint32_t>(in.u8("tokens").dim(0) / row_bytes()), 0};
  }
  void encode(const sdk::Inputs& in, sdk::Outputs& out) override {
    const auto bytes = in.u8("tokens");
    std::memcpy(out.tokens().data(), bytes.data(), static_cast<std::size_t>(bytes.dim(0)));
  }

 private:
  std::int64_t row_bytes() const { return static_cast<std::int64_t>(width_ * sizeof(float)); }

  std::uint32_t width_;
};

}  // namespace

LATERAL_PLUGIN(Tokens, SENSE, "1.0.0");
