#include "plugins/torch/bridge.hpp"

#include <ATen/ops/from_blob.h>

#include <type_traits>
#include <vector>

namespace lateral::plugins {
namespace {

template <typename T>
at::Tensor wrap(const sdk::View<T>& view, at::ScalarType type) {
  std::vector<std::int64_t> shape;
  for (std::int32_t axis = 0; axis < view.rank(); ++axis) shape.push_back(view.dim(axis));
  // from_blob wants a mutable pointer; whoever gets the tensor of an input must not write.
  return at::from_blob(const_cast<std::remove_const_t<T>*>(view.data()), shape, type);
}

}  // namespace

at::Tensor as_tensor(const sdk::View<const std::uint8_t>& view) {
  return wrap(view, at::kByte);
}

at::Tensor as_tensor(const sdk::View<const float>& view) {
  return wrap(view, at::kFloat);
}

at::Tensor as_tensor(const sdk::View<float>& view) {
  return wrap(view, at::kFloat);
}

void write_rows(const at::Tensor& rows, const sdk::View<float>& out) {
  at::Tensor target = as_tensor(out);
  if (rows.dim() != 2 || target.dim() != 2 || rows.size(0) > target.size(0) ||
      rows.size(1) != target.size(1)) {
    sdk::fail(LAT_INTERNAL, rows.sizes(), " numbers for an output of ", target.sizes());
  }
  target.narrow(0, 0, rows.size(0)).copy_(rows);
}

}  // namespace lateral::plugins
