#include "core/model/rotary.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
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

// The dimension that turns `turns` times within the original positions.
double dimension_that_turns(double turns, const RotarySpec& rotary, double width) {
  const auto original = static_cast<double>(rotary.original_positions);
  return width * std::log(original / (turns * 2.0 * std::numbers::pi)) / (2.0 * std::log(rotary.theta));
}

// YaRN (arXiv 2309.00071, section 3.2): fast dimensions are kept, slow ones stretched by `factor`, those between
// blended; limits and rounding as in transformers' "yarn".
at::Tensor stretch_yarn(const at::Tensor& frequencies, const RotarySpec& rotary, std::int64_t width) {
  const auto dimensions = static_cast<double>(width);
  double low = dimension_that_turns(rotary.fast, rotary, dimensions);
  double high = dimension_that_turns(rotary.slow, rotary, dimensions);
  if (rotary.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, dimensions - 1.0);
  if (low == high) high += 0.001;
  const at::Tensor stretched = ((at::arange(width / 2, at::kFloat) - low) / (high - low)).clamp(0.0, 1.0);
  return frequencies / rotary.factor * stretched + frequencies * (1.0 - stretched);
}

at::Tensor wavelengths_of(const DecoderSpec& spec) {
  const std::int64_t width = spec.rotary_width();
  return at::pow(spec.rotary.theta, at::arange(0, width, 2, at::kFloat) / width);
}

at::Tensor stretch_long(const DecoderSpec& spec, const std::vector<double>& factors) {
  return 1.0 / (at::tensor(factors, at::kFloat) * wavelengths_of(spec));
}

at::Tensor frequencies_of(const DecoderSpec& spec) {
  const RotarySpec& rotary = spec.rotary;
  const at::Tensor frequencies = 1.0 / wavelengths_of(spec);
  switch (rotary.scaling) {
    case RotarySpec::Scaling::None:
      return frequencies;
    case RotarySpec::Scaling::Linear:
      return frequencies / rotary.factor;
    case RotarySpec::Scaling::Llama3:
      return stretch_llama3(frequencies, rotary);
    case RotarySpec::Scaling::Yarn:
      return stretch_yarn(frequencies, rotary, spec.rotary_width());
    case RotarySpec::Scaling::Long:
      return stretch_long(spec, rotary.short_factors);
  }
  fail(Errc::Internal, "rotary", "unknown scaling");
}

}  // namespace

RotaryAngles::RotaryAngles(const DecoderSpec& spec, const at::TensorOptions& options)
    : positions_(spec.max_positions),
      original_positions_(spec.rotary.original_positions),
      amplitude_(spec.rotary.amplitude),
      options_(options) {
  if (spec.positions != PositionKind::Rotary) return;
  frequencies_ = frequencies_of(spec).to(options.device());
  if (spec.rotary.scaling == RotarySpec::Scaling::Long)
    long_frequencies_ = stretch_long(spec, spec.rotary.long_factors).to(options.device());
}

at::Tensor RotaryAngles::frequencies_at(const at::Tensor& positions) const {
  if (!long_frequencies_.defined()) return frequencies_;
  const at::Tensor is_long =
      positions.amax(1, true).ge(original_positions_).unsqueeze(2);  // [batch or 1, 1, 1]
  return at::where(is_long, long_frequencies_, frequencies_);
}

Rotation RotaryAngles::at(const at::Tensor& positions) const {
  if (!frequencies_.defined()) return {};
  check_ids("position", positions, positions_);
  const at::Tensor here = positions.to(options_.device());
  const at::Tensor angles = here.to(at::kFloat).unsqueeze(2) * frequencies_at(here);
  const at::Tensor cos = angles.cos() * amplitude_;  // [batch or 1, T, width / 2]
  const at::Tensor sin = angles.sin() * amplitude_;
  return {at::cat({cos, cos}, 2).to(options_).unsqueeze(1),
          at::cat({-sin, sin}, 2).to(options_).unsqueeze(1)};
}

at::Tensor rotate(const at::Tensor& x, const Rotation& rotation) {
  if (!rotation.cos.defined()) return x;
  const std::int64_t width = rotation.cos.size(3);
  if (width == x.size(3)) return tensor::turn_halves(x, rotation.cos, rotation.sin);
  const at::Tensor turned = tensor::turn_halves(x.narrow(3, 0, width), rotation.cos, rotation.sin);
  return at::cat({turned, x.narrow(3, width, x.size(3) - width)}, 3);
}

}  // namespace lateral::model
