#include "core/connector/initial.hpp"

#include <ATen/ATen.h>

namespace lateral::connector {

at::Tensor uniform(const std::vector<std::int64_t>& shape, double limit, Random& random) {
  auto tensor = at::empty(shape, at::kFloat);
  const auto bound = static_cast<float>(limit);
  float* const data = tensor.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < tensor.numel(); ++i) data[i] = random.uniform(-bound, bound);
  return tensor;
}

}  // namespace lateral::connector
