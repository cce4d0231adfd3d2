#include "core/model/rotary.hpp"

#include <ATen/ATen.h>

#include <numbers>

#include "core/base/error.hpp"
#include "core/model/checks.hpp"
#include "core/tensor/fused.hpp"

namespace lateral::model {
namespace {

// Llama 3.1: wavelengths beyond the original context are stretched by `factor`, short ones kept, those
// between blended (the rule of Meta's llama-models, as in transformers' "llama3").
at::Tensor stretch_llama3(const at::Tensor& frequencies, const RotarySpec& rotary) {
  const auto original = static_cast<double>(rotary.original_positions);
  const at::Tensor wavelengths = 2.0 * std::numbers::pi / frequencies;
  const at::Tensor stretched = frequencies / rotary.factor;
  const at::Tensor blend = (original / wavelengths - rotary.low_frequency_factor) /
                           (rotary.high_frequency_factor - rotary.low_frequency_factor);
  const at::Tensor blended = (1.0 - blend) * stretched + blend * frequencies;
  const at::Tensor is_long = wavelengths > original / rotary.low_frequency_factor;
  const at::Tensor is_short = wavelengths < original / rotary.high_frequency_factor;
  return at::where(is_long, stretched, at::where(is_short, frequencies, blended));
}

at::Tensor frequencies_of(const DecoderSpec& spec) {
  const RotarySpec& rotary = spec.rotary;
  const auto exponents = at::arange(0, spec.head_dim, 2, at::kFloat) / spec.head_dim;
  const at::Tensor frequencies = 1.0 / at::pow(rotary.theta, exponents);
  switch (rotary.scaling) {
    case RotarySpec::Scaling::None:
      return frequencies;
    case RotarySpec::Scaling::Linear:
      return frequencies / rotary.factor;
    case RotarySpec::Scaling::Llama3:
      return stretch_llama3(frequencies, rotary);
  }
  fail(Errc::Internal, "rotary", "unknown scaling");
}

}  // namespace

RotaryTable::RotaryTable(const DecoderSpec& spec, const at::TensorOptions& options) {
  if (spec.positions != PositionKind::Rotary) return;
  const at::Tensor angles = at::arange(spec.max_positions, at::kFloat).unsqueeze(1) * frequencies_of(spec);
  const at::Tensor cos = angles.cos();
  const at::Tensor sin = angles.sin();
  cos_ = at::cat({cos, cos}, 1).to(options);
  sin_ = at::cat({-sin, sin}, 1).to(options);
}

Rotation RotaryTable::at(const at::Tensor& positions) const {
  if (!cos_.defined()) return {};
  check_ids("position", positions, cos_.size(0));
  const at::Tensor flat = positions.reshape({-1});
  const std::vector<std::int64_t> shape = {positions.size(0), 1, positions.size(1), cos_.size(1)};
  return {cos_.index_select(0, flat).view(shape), sin_.index_select(0, flat).view(shape)};
}

at::Tensor rotate(const at::Tensor& x, const Rotation& rotation) {
  if (!rotation.cos.defined()) return x;
  return tensor::turn_halves(x, rotation.cos, rotation.sin);
}

}  // namespace lateral::model
