#include "core/tensor/convert.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/ScalarType.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
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

// `count` elements of a file as a tensor; they may lie where no element may be read.
at::Tensor piece_of(std::span<const std::byte> bytes, at::ScalarType type, std::int64_t count) {
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % c10::elementSize(type) == 0)
    return at::from_blob(const_cast<std::byte*>(bytes.data()), {count}, type);
  at::Tensor piece = at::empty({count}, type);
  std::memcpy(piece.mutable_data_ptr(), bytes.data(), bytes.size());
  return piece;
}

// So much of a file is in memory twice while it is copied.
constexpr std::size_t kPiece = 4U << 20U;

// Piece by piece, giving back the file's pages behind it, so that copying needs no second whole tensor.
at::Tensor copied(const format::TensorView& view, at::ScalarType dtype) {
  at::Tensor tensor = at::empty(view.shape, dtype);  // ATen aligns its own memory to 64 bytes
  const at::Tensor flat = tensor.view(-1);
  const std::size_t element = format::size_of(view.dtype);
  const auto step = static_cast<std::int64_t>(kPiece / element);
  for (std::int64_t first = 0; first < flat.numel(); first += step) {
    const std::int64_t count = std::min(step, flat.numel() - first);
    const auto bytes = view.bytes.subspan(static_cast<std::size_t>(first) * element,
                                          static_cast<std::size_t>(count) * element);
    flat.narrow(0, first, count).copy_(piece_of(bytes, scalar_type(view.dtype), count));
    drop_pages(bytes);
  }
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
  const at::ScalarType found = scalar_type(view.dtype);
  const at::ScalarType wanted = dtype.value_or(found);
  if (wanted != found && !(at::isFloatingType(found) && at::isFloatingType(wanted))) {
    fail(Errc::InvalidArgument, "tensor", view.name, ": cannot read ", format::name_of(view.dtype), " as ",
         c10::toString(wanted));
  }
  const bool aligned = reinterpret_cast<std::uintptr_t>(view.bytes.data()) % kAlignment == 0;
  return wanted == found && aligned && !view.bytes.empty() ? in_mapping(view, mapping) : copied(view, wanted);
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
