#pragma once
// How trained tensors begin: from our own generator, because the same seed must give the same adapter with
// every version of libtorch.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "core/base/random.hpp"

namespace lateral::connector {

/// float32 of `shape`, uniform in (-limit, limit), drawn in row-major order.
at::Tensor uniform(const std::vector<std::int64_t>& shape, double limit, Random& random);

}  // namespace lateral::connector
