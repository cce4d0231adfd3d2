// The smallest plugin that computes with the host's libtorch, to see where it finds it and what comes out: it mixes a
// table with weights made of sines, in products large enough to be shared among threads.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <lateral/plugin.hpp>

#include "plugins/torch/bridge.hpp"
#include "plugins/torch/guard.hpp"
#include "plugins/torch/layers.hpp"

namespace {

namespace sdk = lateral::sdk;
namespace plugins = lateral::plugins;

constexpr std::int64_t kWidth = 256;

class Mixer final : public plugins::TorchEncoder {
 public:
  explicit Mixer(sdk::Options& options) : fault_(options.get("fault", "")) {
    plugins::computing([this] {
      if (fault_ == "shapes") at::zeros({2, 3}).matmul(at::zeros({2, 3}));
      if (fault_ == "memory") at::zeros({std::int64_t{1} << 28});
      weight_ = (at::arange(kWidth * kWidth, at::kFloat) * 0.37).sin().view({kWidth, kWidth});
    });
  }

  sdk::Info info() const override {
    sdk::Info info{"mixer", "table", "mixer-1"};
    info.token_width = kWidth;
    info.max_tokens = 4096;
    info.inputs = {sdk::Input::table("rows", {"value"})};
    return info;
  }

  sdk::Plan plan(const sdk::Inputs& in) override {
    return {static_cast<std::uint32_t>(in.f32("rows").dim(0)), 0};
  }

 private:
  void run(const sdk::Inputs& in, sdk::Outputs& out) override {
    if (fault_ == "crash" && in.f32("rows").dim(0) == 13) __builtin_trap();
    const at::Tensor rows = plugins::as_tensor(in.f32("rows"));
    at::Tensor x = (rows * (at::arange(kWidth, at::kFloat) * 0.11).sin()).tanh();
    x = x + plugins::attention(x.unsqueeze(0), x.unsqueeze(0), x.unsqueeze(0), 4).squeeze(0);
    plugins::write_rows(at::softmax(x.matmul(weight_), -1) + static_cast<double>(at::get_num_threads()),
                        out.tokens());
  }

  std::string fault_;
  at::Tensor weight_;
};

}  // namespace

LATERAL_PLUGIN(Mixer, "mixer", "1.0.0");
