#pragma once
// Multinomial logistic regression: where a discriminant asks how the samples of a class spread, this asks
// only where classes meet. With few samples the first errs less, where classes spread differently the second.

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "core/training/discriminant.hpp"

namespace lateral::training {

/// x double [n, inputs], labels int64 [n] in [0, classes). `penalty` of the squared weights of standardised
/// inputs, the sum over samples of the cross-entropy having weight 1. The same input gives the same bits.
Likeness fit_logistic(const at::Tensor& x, const at::Tensor& labels, std::int64_t classes, double penalty);

}  // namespace lateral::training
