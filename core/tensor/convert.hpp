#pragma once
// Between the tensors of a safetensors file and those of ATen, without a copy where the file allows it.

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "core/base/file.hpp"
#include "core/format/safetensors.hpp"

namespace lateral::tensor {

/// Weights start at multiples of this: the matrix kernels pick their path by alignment, and with it the
/// last bits.
inline constexpr std::size_t kAlignment = 64;

at::ScalarType scalar_type(format::Dtype dtype);
/// Throws Unsupported for a type that the file format lacks.
format::Dtype file_dtype(at::ScalarType type);

/// The tensor of `view`, in `dtype` if given (floating types only). Where nothing must be converted and the
/// bytes are aligned, it lies in the mapping, keeps it alive and must not be written to; else it is a copy, and
/// the file's pages are dropped while it is made.
/// `mapping` holds the view's bytes.
at::Tensor to_tensor(const format::TensorView& view, const std::shared_ptr<const MappedFile>& mapping,
                     std::optional<at::ScalarType> dtype = std::nullopt);

/// A view for writing: refers to `tensor`, which must be contiguous, on the CPU, and outlive the view.
/// Throws InvalidArgument otherwise.
format::TensorView to_view(std::string name, const at::Tensor& tensor);

/// Gives the whole pages inside `bytes`, which must be of a read-only mapped file, back to the system. They
/// are read again when touched; tensors that lie there stay valid.
void drop_pages(std::span<const std::byte> bytes);

}  // namespace lateral::tensor
