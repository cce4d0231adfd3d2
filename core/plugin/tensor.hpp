#pragma once
// Tensors of the ABI, on memory of their own or of somebody else.

#include <lateral/plugin.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/plugin/sample.hpp"

namespace lateral::plugin {

/// Bytes of a compact tensor. Throws InvalidArgument, naming it, for a shape that cannot be.
std::size_t bytes_of(const std::string& name, DType dtype, const std::vector<std::int64_t>& shape);

/// A lat_tensor with its name and shape, over memory that outlives it. Neither copied nor moved: it points
/// into itself.
class TensorView {
 public:
  TensorView(std::string name, DType dtype, std::vector<std::int64_t> shape, std::uint32_t flags,
             std::byte* data);
  TensorView(const TensorView&) = delete;
  TensorView& operator=(const TensorView&) = delete;

  lat_tensor* abi() noexcept { return &abi_; }
  const std::string& name() const noexcept { return name_; }
  const std::vector<std::int64_t>& shape() const noexcept { return shape_; }

 private:
  std::string name_;
  std::vector<std::int64_t> shape_;
  lat_tensor abi_{};
};

/// The same with its memory, a canary behind it.
class OwnedTensor {
 public:
  OwnedTensor(const std::string& name, DType dtype, const std::vector<std::int64_t>& shape,
              std::uint32_t flags)
      : buffer_(bytes_of(name, dtype, shape)), view_(name, dtype, shape, flags, buffer_.data()) {}

  lat_tensor* abi() noexcept { return view_.abi(); }
  const std::string& name() const noexcept { return view_.name(); }
  const std::vector<std::int64_t>& shape() const noexcept { return view_.shape(); }
  AlignedBuffer& buffer() noexcept { return buffer_; }

 private:
  AlignedBuffer buffer_;
  TensorView view_;
};

}  // namespace lateral::plugin
