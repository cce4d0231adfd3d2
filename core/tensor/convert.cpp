#include "core/tensor/convert.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

#include "core/base/error.hpp"

namespace lateral::tensor {
namespace {

constexpr std::array<std::pair<format::Dtype, at::ScalarType>, 10> kTypes = {{
    {format::Dtype::F64, at::kDouble},
    {format::Dtype::F32, at::kFloat},
    {format::Dtype::F16, at::kHalf},
    {format::Dtype::BF16, at::kBFloat16},
    {format::Dtype::I64, at::kLong},
    {format::Dtype::I32, at::kInt},
    {format::Dtype::I16, at::kShort},
    {format::Dtype::I8, at::kChar},
    {format::Dtype::U8, at::kByte},
    {format::Dtype::Bool, at::kBool},
}};

at::Tensor in_mapping(const format::TensorView& view, std::shared_ptr<const MappedFile> mapping) {
  // from_blob wants a mutable pointer; the contract of to_tensor() forbids writing through it.
  void* const data = const_cast<std::byte*>(view.bytes.data());
  return at::from_blob(
      data, view.shape, [mapping = std::move(mapping)](void*) {}, scalar_type(view.dtype));
}

at::Tensor copied(const format::TensorView& view) {
  // ATen aligns its own memory to 64 bytes.
  at::Tensor tensor = at::empty(view.shape, scalar_type(view.dtype));
  if (!view.bytes.empty()) std::memcpy(tensor.mutable_data_ptr(), view.bytes.data(), view.bytes.size());
  return tensor;
}

}  // namespace

at::ScalarType scalar_type(format::Dtype dtype) {
  for (const auto& [file, type] : kTypes) {
    if (file == dtype) return type;
  }
  fail(Errc::Internal, "tensor", "no element type for ", format::name_of(dtype));
}

format::Dtype file_dtype(at::ScalarType type) {
  for (const auto& [file, known] : kTypes) {
    if (known == type) return file;
  }
  fail(Errc::Unsupported, "tensor", "safetensors has no element type ", c10::toString(type));
}

at::Tensor to_tensor(const format::TensorView& view, const std::shared_ptr<const MappedFile>& mapping,
                     std::optional<at::ScalarType> dtype) {
  const bool aligned = reinterpret_cast<std::uintptr_t>(view.bytes.data()) % kAlignment == 0;
  at::Tensor tensor = aligned && !view.bytes.empty() ? in_mapping(view, mapping) : copied(view);
  if (!dtype || *dtype == tensor.scalar_type()) return tensor;
  if (!tensor.is_floating_point() || !at::isFloatingType(*dtype)) {
    fail(Errc::InvalidArgument, "tensor", view.name, ": cannot read ", format::name_of(view.dtype), " as ",
         c10::toString(*dtype));
  }
  return tensor.to(*dtype);
}

format::TensorView to_view(std::string name, const at::Tensor& tensor) {
  if (!tensor.is_contiguous() || !tensor.device().is_cpu()) {
    fail(Errc::InvalidArgument, "tensor", name, ": only contiguous tensors on the CPU can be written");
  }
  format::TensorView view;
  view.name = std::move(name);
  view.dtype = file_dtype(tensor.scalar_type());
  view.shape = tensor.sizes().vec();
  view.bytes = {static_cast<const std::byte*>(tensor.const_data_ptr()), tensor.nbytes()};
  return view;
}

void drop_pages(std::span<const std::byte> bytes) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(bytes.data());
  const std::uintptr_t first = (begin + page - 1) / page * page;
  const std::uintptr_t last = (begin + bytes.size()) / page * page;
  if (first >= last) return;
  if (::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED) != 0) {
    fail(Errc::Io, "tensor", "madvise: ", std::strerror(errno));
  }
}

}  // namespace lateral::tensor
