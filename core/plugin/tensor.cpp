#include "core/plugin/tensor.hpp"

#include <utility>

#include "core/base/error.hpp"
#include "core/plugin/shape_text.hpp"

namespace lateral::plugin {

std::size_t bytes_of(const std::string& name, DType dtype, const std::vector<std::int64_t>& shape) {
  std::size_t bytes = size_of(dtype);
  for (const auto size : shape) {
    if (size < 0 || __builtin_mul_overflow(bytes, static_cast<std::size_t>(size), &bytes)) {
      fail(Errc::InvalidArgument, "plugin", "tensor \"", name, "\" has the impossible shape ",
           text_of(shape));
    }
  }
  return bytes;
}

TensorView::TensorView(std::string name, DType dtype, std::vector<std::int64_t> shape, std::uint32_t flags,
                       std::byte* data)
    : name_(std::move(name)), shape_(std::move(shape)) {
  abi_.struct_size = sizeof abi_;
  abi_.flags = flags;
  abi_.dl.data = data;
  abi_.dl.device_type = LAT_DEVICE_CPU;
  abi_.dl.ndim = static_cast<std::int32_t>(shape_.size());
  abi_.dl.dtype_code = dtype == DType::U8 ? 1 : 2;
  abi_.dl.dtype_bits = dtype == DType::U8 ? 8 : 32;
  abi_.dl.dtype_lanes = 1;
  abi_.dl.shape = shape_.data();
  abi_.capacity_bytes = bytes_of(name_, dtype, shape_);
  abi_.name = name_.c_str();
}

}  // namespace lateral::plugin
