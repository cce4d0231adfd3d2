#include "core/tensor/fused.hpp"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/addcmul.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/rsqrt.h>

#include <array>
#include <cmath>
#include <cstdint>

namespace lateral::tensor {
namespace {

bool plain(const at::Tensor& x) {
  return x.device().is_cpu() && x.scalar_type() == at::kFloat &&
         !(at::GradMode::is_enabled() && x.requires_grad());
}

float mean_square(const float* x, std::int64_t width) {
  constexpr std::int64_t kLanes = 8;  // independent sums, so that additions need not wait for each other
  std::array<float, kLanes> sums{};
  std::int64_t i = 0;
  for (; i + kLanes <= width; i += kLanes) {
    for (std::int64_t lane = 0; lane < kLanes; ++lane) sums[lane] += x[i + lane] * x[i + lane];
  }
  float sum = 0.0F;
  for (; i < width; ++i) sum += x[i] * x[i];
  for (const float lane : sums) sum += lane;
  return sum / static_cast<float>(width);
}

at::Tensor rms_norm_rows(const at::Tensor& x, const at::Tensor& weight, double epsilon) {
  at::Tensor y = at::empty(x.sizes(), x.options());
  const std::int64_t width = x.size(-1);
  const float* in = x.const_data_ptr<float>();
  const float* const w = weight.const_data_ptr<float>();
  float* out = y.mutable_data_ptr<float>();
  const std::int64_t rows = width == 0 ? 0 : x.numel() / width;
  for (std::int64_t row = 0; row < rows; ++row, in += width, out += width) {
    const float scale = 1.0F / std::sqrt(mean_square(in, width) + static_cast<float>(epsilon));
    for (std::int64_t i = 0; i < width; ++i) out[i] = in[i] * scale * w[i];
  }
  return y;
}

void turn_row(const float* x, const float* cos, const float* sin, float* y, std::int64_t half) {
  for (std::int64_t i = 0; i < half; ++i) {
    y[i] = x[i] * cos[i] + x[i + half] * sin[i];
    y[i + half] = x[i + half] * cos[i + half] + x[i] * sin[i + half];
  }
}

at::Tensor turn_rows(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) {
  const std::int64_t width = x.size(3);
  // The layout of a transposed projection, which is what comes here.
  at::Tensor y = at::empty({x.size(0), x.size(2), x.size(1), width}, x.options()).transpose(1, 2);
  const std::int64_t table_batch = cos.size(0) == 1 ? 0 : x.size(2) * width;
  const float* const from = x.const_data_ptr<float>();
  float* const to = y.mutable_data_ptr<float>();
  for (std::int64_t b = 0; b < x.size(0); ++b) {
    const float* const cos_rows = cos.const_data_ptr<float>() + b * table_batch;
    const float* const sin_rows = sin.const_data_ptr<float>() + b * table_batch;
    for (std::int64_t h = 0; h < x.size(1); ++h) {
      for (std::int64_t t = 0; t < x.size(2); ++t) {
        turn_row(from + b * x.stride(0) + h * x.stride(1) + t * x.stride(2), cos_rows + t * width,
                 sin_rows + t * width, to + b * y.stride(0) + h * y.stride(1) + t * y.stride(2), width / 2);
      }
    }
  }
  return y;
}

}  // namespace

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double epsilon) {
  if (plain(x) && plain(weight) && x.is_contiguous()) return rms_norm_rows(x, weight, epsilon);
  const at::Tensor wide = x.to(at::promote_types(x.scalar_type(), at::kFloat));
  const at::Tensor scale = at::rsqrt(wide.square().mean(-1, true).add(epsilon));
  return wide.mul(scale).to(x.scalar_type()) * weight;
}

at::Tensor turn_halves(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) {
  if (plain(x) && plain(cos) && x.stride(3) == 1) return turn_rows(x, cos, sin);
  const std::int64_t half = x.size(3) / 2;
  const at::Tensor swapped = at::cat({x.narrow(3, half, half), x.narrow(3, 0, half)}, 3);
  return at::addcmul(x * cos, swapped, sin);
}

}  // namespace lateral::tensor
