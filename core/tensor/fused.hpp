#pragma once
// Operations that ATen makes of five or six small ones. At batch 1 the small ones cost more than the
// arithmetic, so float32 on the CPU without gradients goes through one loop; everything else through ATen.
// Thread safety: all functions may be called from any thread.

#include <ATen/core/Tensor.h>

namespace lateral::tensor {

/// x / sqrt(mean(x^2) + epsilon) * weight over the last dimension of x [.., width]; weight [width].
/// The mean is taken in float32 or wider.
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double epsilon);

/// x * cos + swap(x) * sin, where swap exchanges the halves of the last dimension (whose sign change is in
/// `sin`). x [batch, heads, T, width], width even; cos, sin [batch or 1, 1, T, width].
at::Tensor turn_halves(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin);

}  // namespace lateral::tensor
