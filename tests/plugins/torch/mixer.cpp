// The smallest plugin that computes with the host's libtorch, to see where it finds it and what comes out: it mixes a
// table with weights made of sines, in products large enough to be shared among threads. With the option "fault" it is
// wrong in one way.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/DefaultDtype.h>
#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>

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
      if (fault_ == "leak in create") keep(at::zeros({kWidth, kWidth}));
      weight_ = (at::arange(kWidth * kWidth, at::kFloat) * 0.37).sin().view({kWidth, kWidth});
    });
  }

  sdk::Info info() const override {
    sdk::Info info{"mixer", "table", "mixer-1"};
    info.token_width = kWidth;
    info.max_tokens = 8192;
    info.inputs = {sdk::Input::table("rows", {"value"})};
    return info;
  }

  sdk::Plan plan(const sdk::Inputs& in) override {
    if (fault_ == "gradients") c10::GradMode::set_enabled(false);
    if (fault_ == "inference mode") new c10::InferenceMode();
    return {static_cast<std::uint32_t>(in.f32("rows").dim(0)), 0};
  }

 private:
  /// For good: nobody can free it any more.
  static void keep(const at::Tensor& tensor) { new at::Tensor(tensor); }

  void run(const sdk::Inputs& in, sdk::Outputs& out) override {
    if (fault_ == "crash" && in.f32("rows").dim(0) == 13) __builtin_trap();
    if (fault_ == "threads") at::set_num_threads(at::get_num_threads() + 1);
    if (fault_ == "default type") c10::set_default_dtype(caffe2::TypeMeta::Make<double>());
    const at::Tensor rows = plugins::as_tensor(in.f32("rows"));
    at::Tensor x = (rows * (at::arange(kWidth, at::kFloat) * 0.11).sin()).tanh();
    x = x + plugins::attention(x.unsqueeze(0), x.unsqueeze(0), x.unsqueeze(0), 4).squeeze(0);
    if (fault_ == "leak in encode") keep(x);
    if (fault_ == "not finite") x = x / at::zeros_like(x);
    plugins::write_rows(at::softmax(x.matmul(weight_), -1) + static_cast<double>(at::get_num_threads()),
                        out.tokens());
  }

  std::string fault_;
  at::Tensor weight_;
};

}  // namespace

LATERAL_PLUGIN(Mixer, "mixer", "1.0.0");
