#include "models/recipe/initial.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <cmath>
#include <string>

namespace lateral::recipe {
namespace {

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

double deviation_of(const std::string& name, const at::Tensor& tensor, std::int64_t layers) {
  if (ends_with(name, "embed_tokens.weight")) return kEmbeddingDeviation;
  const double keep = 1.0 / std::sqrt(static_cast<double>(tensor.size(1)));
  const bool residual = ends_with(name, "o_proj.weight") || ends_with(name, "down_proj.weight");
  return residual ? keep / std::sqrt(2.0 * static_cast<double>(layers)) : keep;
}

}  // namespace

at::Tensor normal(at::IntArrayRef shape, double deviation, Random& random) {
  at::Tensor tensor = at::empty(shape, at::kFloat);
  auto* const values = tensor.data_ptr<float>();
  for (std::int64_t i = 0; i < tensor.numel(); ++i)
    values[i] = static_cast<float>(deviation) * random.normal();
  return tensor;
}

model::Decoder initial_decoder(const model::DecoderSpec& spec, std::uint64_t seed) {
  const c10::NoGradGuard no_gradients;
  model::Decoder decoder = model::Decoder::random(spec, seed);
  Random random(seed, 2);
  for (auto& [name, tensor] : decoder.named_tensors()) {
    if (tensor.dim() == 2)
      tensor.copy_(normal(tensor.sizes(), deviation_of(name, tensor, spec.layers), random));
  }
  return decoder;
}

}  // namespace lateral::recipe
