#include "models/recipe/network_module.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <cmath>
#include <utility>

#include "plugins/common/program.hpp"

namespace lateral::recipe {
namespace {

constexpr double kEpsilon = 1e-5;

at::Tensor uniform(at::IntArrayRef shape, float low, float high, Random& random) {
  at::Tensor tensor = at::empty(shape, at::kFloat);
  auto* const values = tensor.data_ptr<float>();
  for (std::int64_t i = 0; i < tensor.numel(); ++i) values[i] = random.uniform(low, high);
  return tensor.requires_grad_();
}

float bound_of(std::int64_t fan_in) {
  return 1.0F / std::sqrt(static_cast<float>(fan_in));
}

/// [batch, channels, rows, columns] to [batch, tokens, channels * rows * columns / tokens].
at::Tensor strips(const at::Tensor& x, std::int64_t tokens) {
  const auto batch = x.size(0);
  return x.reshape({batch, x.size(1), x.size(2), tokens, x.size(3) / tokens})
      .permute({0, 3, 1, 2, 4})
      .reshape({batch, tokens, -1});
}

}  // namespace

std::function<at::Tensor(const at::Tensor&)> fresh_linear(const std::string& prefix, std::int64_t out,
                                                          std::int64_t in, Random& random,
                                                          training::NamedTensors& parameters) {
  const float bound = bound_of(in);
  const at::Tensor weight = uniform({out, in}, -bound, bound, random);
  const at::Tensor bias = uniform({out}, -bound, bound, random);
  parameters.push_back({prefix + ".weight", weight});
  parameters.push_back({prefix + ".bias", bias});
  return [weight, bias](const at::Tensor& x) { return at::linear(x, weight, bias); };
}

NetworkModule::NetworkModule(const std::string& program, const PictureShape& in, std::uint64_t seed)
    : random_(seed) {
  const c10::NoGradGuard shapes_only;
  at::Tensor signal = at::zeros({1, in.channels, in.rows, in.columns});
  for (const plugins::Step& step : plugins::parse_program(program)) {
    layers_.push_back(make(std::to_string(layers_.size()) + ".", step.name, step.numbers, signal.sizes()));
    signal = layers_.back()(signal);
  }
  TORCH_CHECK(signal.dim() == 3, "the program does not end in tokens");
  tokens_ = signal.size(1);
  width_ = signal.size(2);
}

at::Tensor NetworkModule::operator()(at::Tensor x) const {
  for (const Function& layer : layers_) x = layer(x);
  return x;
}

NetworkModule::Function NetworkModule::make(const std::string& prefix, const std::string& name,
                                            const std::vector<std::int64_t>& numbers, at::IntArrayRef in) {
  const std::int64_t width = in.back();
  if (name == "conv") return convolution(prefix, numbers, in);
  if (name == "relu") return [](const at::Tensor& x) { return at::relu(x); };
  if (name == "gelu") return [](const at::Tensor& x) { return at::gelu(x); };
  if (name == "tokens") return [n = numbers[0]](const at::Tensor& x) { return strips(x, n); };
  if (name == "linear") return linear(prefix.substr(0, prefix.size() - 1), numbers[0], width);
  if (name == "attention") return attention(prefix, numbers[0], width);
  if (name == "mlp") return mlp(prefix, numbers[0], width);
  if (name == "norm") return norm(prefix, width);
  // Variance one quarter: tells tokens apart from the first step on without drowning what they saw.
  const at::Tensor table = parameter(prefix + "weight", {in[1], width}, -0.866F, 0.866F);
  return [table](const at::Tensor& x) { return x + table; };
}

NetworkModule::Function NetworkModule::convolution(const std::string& prefix,
                                                   const std::vector<std::int64_t>& numbers,
                                                   at::IntArrayRef in) {
  const float bound = bound_of(in[1] * 9);
  const at::Tensor weight = parameter(prefix + "weight", {numbers[0], in[1], 3, 3}, -bound, bound);
  const at::Tensor bias = parameter(prefix + "bias", {numbers[0]}, -bound, bound);
  return [weight, bias, down = numbers[1], across = numbers[2]](const at::Tensor& x) {
    const auto columns = x.size(3);
    const at::Tensor ring = at::cat({x.narrow(3, columns - 1, 1), x, x.narrow(3, 0, 1)}, 3);
    return at::conv2d(ring, weight, bias, {down, across}, {1, 0});
  };
}

NetworkModule::Function NetworkModule::linear(const std::string& prefix, std::int64_t out, std::int64_t in) {
  return fresh_linear(prefix, out, in, random_, parameters_);
}

NetworkModule::Function NetworkModule::norm(const std::string& prefix, std::int64_t width) {
  const at::Tensor weight = parameter(prefix + "weight", {width}, 1, 1);
  const at::Tensor bias = parameter(prefix + "bias", {width}, 0, 0);
  return [weight, bias, width](const at::Tensor& x) {
    return at::layer_norm(x, {width}, weight, bias, kEpsilon);
  };
}

NetworkModule::Function NetworkModule::attention(const std::string& prefix, std::int64_t heads,
                                                 std::int64_t width) {
  const Function normed = norm(prefix + "norm.", width);
  const Function qkv = linear(prefix + "qkv", 3 * width, width);
  const Function out = linear(prefix + "out", width, width);
  return [=](const at::Tensor& x) {
    const auto batch = x.size(0), tokens = x.size(1), size = width / heads;
    const auto parts = qkv(normed(x)).reshape({batch, tokens, 3, heads, size}).permute({2, 0, 3, 1, 4});
    const at::Tensor scores =
        parts[0].matmul(parts[1].transpose(2, 3)) / std::sqrt(static_cast<double>(size));
    return x + out(scores.softmax(-1).matmul(parts[2]).transpose(1, 2).reshape({batch, tokens, width}));
  };
}

NetworkModule::Function NetworkModule::mlp(const std::string& prefix, std::int64_t inner,
                                           std::int64_t width) {
  const Function normed = norm(prefix + "norm.", width);
  const Function up = linear(prefix + "up", inner, width);
  const Function down = linear(prefix + "down", width, inner);
  return [=](const at::Tensor& x) { return x + down(at::gelu(up(normed(x)))); };
}

at::Tensor NetworkModule::parameter(const std::string& name, at::IntArrayRef shape, float low, float high) {
  parameters_.push_back({name, uniform(shape, low, high, random_)});
  return parameters_.back().tensor;
}

}  // namespace lateral::recipe
