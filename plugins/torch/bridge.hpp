#pragma once
// Between the host's tensors and ATen's.

#include <ATen/core/Tensor.h>

#include <cstdint>

#include <lateral/sdk/tensor.hpp>

namespace lateral::plugins {

/// The host's memory as a tensor, without a copy, for the length of the call. Inputs must not be written to.
at::Tensor as_tensor(const sdk::View<const std::uint8_t>& view);
at::Tensor as_tensor(const sdk::View<const float>& view);
at::Tensor as_tensor(const sdk::View<float>& view);

/// Writes rows [n, width] into the first n rows of an output. Throws LAT_INTERNAL when they do not fit there.
void write_rows(const at::Tensor& rows, const sdk::View<float>& out);

}  // namespace lateral::plugins
