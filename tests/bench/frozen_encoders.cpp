#include "tests/bench/frozen_encoders.hpp"

#include <ATen/ATen.h>

#include <cmath>
#include <optional>

#include "core/format/safetensors.hpp"
#include "core/tensor/convert.hpp"

namespace lateral::bench {
namespace {

at::Tensor normed(const Weights& weights, const at::Tensor& x, const std::string& name) {
  return at::batch_norm(x, weights[name + ".weight"], weights[name + ".bias"],
                        weights[name + ".running_mean"], weights[name + ".running_var"], false, 0, 1e-5,
                        false);
}

// The shortcut has no parameters: every other pixel, and zeros for the new channels.
at::Tensor shortcut(const at::Tensor& x, std::int64_t channels) {
  if (x.size(1) == channels) return x;
  const std::int64_t added = (channels - x.size(1)) / 2;
  return at::constant_pad_nd(x.slice(2, 0, {}, 2).slice(3, 0, {}, 2), {0, 0, 0, 0, added, added});
}

at::Tensor residual(const Weights& weights, const at::Tensor& x, const std::string& name) {
  const auto& first = weights[name + ".conv1.weight"];
  const std::int64_t stride = first.size(0) == x.size(1) ? 1 : 2;
  const auto inner = at::relu(normed(weights, at::conv2d(x, first, {}, stride, 1), name + ".bn1"));
  const auto outer =
      normed(weights, at::conv2d(inner, weights[name + ".conv2.weight"], {}, 1, 1), name + ".bn2");
  return at::relu(outer + shortcut(x, first.size(0)));
}

at::Tensor layer_norm(const Weights& weights, const at::Tensor& x, const std::string& name) {
  return at::layer_norm(x, {x.size(-1)}, weights[name + ".gamma"], weights[name + ".beta"], 1e-12);
}

at::Tensor linear(const Weights& weights, const at::Tensor& x, const std::string& name) {
  return at::linear(x, weights[name + ".weight"], weights[name + ".bias"]);
}

at::Tensor stretches_of(const at::Tensor& maps,
                        std::int64_t count) {  // [n, width, time] -> [n, count, width]
  return at::adaptive_avg_pool1d(maps, {count}).transpose(1, 2).contiguous();
}

}  // namespace

Weights::Weights(const std::filesystem::path& path) {
  const format::SafetensorsFile file(path);
  for (const auto& view : file.tensors())
    tensors_.emplace(view.name, tensor::to_tensor(view, file.mapping()));
}

at::Tensor resnet20(const Weights& weights, const at::Tensor& pictures) {
  const auto mean = at::tensor({0.485, 0.456, 0.406}, at::kFloat).view({1, 3, 1, 1});
  const auto deviation = at::tensor({0.229, 0.224, 0.225}, at::kFloat).view({1, 3, 1, 1});
  auto x = at::conv2d((pictures - mean) / deviation, weights["conv1.weight"], {}, 1, 1);
  x = at::relu(normed(weights, x, "bn1"));
  for (const char* stage : {"layer1.", "layer2."}) {
    for (const char* block : {"0", "1", "2"}) x = residual(weights, x, std::string(stage) + block);
  }
  return at::avg_pool2d(x, 4).flatten(2).transpose(1, 2).contiguous();
}

at::Tensor cepstra(const Weights& tables, const at::Tensor& samples) {
  const auto window = at::hann_window(480, at::kFloat);
  const auto spectrum = at::stft(samples, 480, 160, 480, window, /*center=*/true, "reflect",
                                 /*normalized=*/false, /*onesided=*/true, /*return_complex=*/true);
  const auto bands = tables["mel_filters_40x241"].matmul(spectrum.abs().square());
  return tables["dct_40x40"].matmul(at::where(bands > 0, bands.clamp_min(1e-45).log(), bands)).t();
}

at::Tensor res8(const Weights& weights, const at::Tensor& cepstra, int depth, std::int64_t stretches) {
  auto x = at::relu(at::conv2d(cepstra.unsqueeze(1), weights["conv0.weight"], {}, 1, 1));
  x = at::avg_pool2d(x, {4, 3});
  auto before = x;
  for (int layer = 1; layer <= depth; ++layer) {
    const auto number = std::to_string(layer);
    x = at::relu(at::conv2d(x, weights["conv" + number + ".weight"], {}, 1, 1));
    if (layer % 2 == 0) before = x = x + before;
    x = at::batch_norm(x, {}, {}, weights["bn" + number + ".running_mean"],
                       weights["bn" + number + ".running_var"], false, 0, 1e-5, false);
    if (layer % 2 == 1) x = x * weights["scale" + number + ".scale"].view({1, -1, 1, 1});
  }
  return stretches_of(x.mean(3), stretches);
}

at::Tensor limu_bert(const Weights& weights, const at::Tensor& windows) {
  constexpr std::int64_t kHeads = 4;
  const std::string part = "transformer.";
  auto h = layer_norm(weights, linear(weights, windows, part + "embed.lin"), part + "embed.norm");
  h = layer_norm(weights, h + weights[part + "embed.pos_embed.weight"], part + "embed.norm");
  const auto heads = [&](const char* name) {
    return linear(weights, h, part + "attn.proj_" + name).unflatten(2, {kHeads, -1}).transpose(1, 2);
  };
  for (int block = 0; block < 4; ++block) {  // the same one four times
    const auto seen =
        at::scaled_dot_product_attention(heads("q"), heads("k"), heads("v")).transpose(1, 2).flatten(2);
    h = layer_norm(weights, seen + linear(weights, seen, part + "proj"), part + "norm1");
    const auto inner = at::gelu(linear(weights, h, part + "pwff.fc1"));
    h = layer_norm(weights, h + linear(weights, inner, part + "pwff.fc2"), part + "norm2");
  }
  return stretches_of(h.transpose(1, 2), 6);
}

}  // namespace lateral::bench
