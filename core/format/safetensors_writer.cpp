#include <algorithm>
#include <array>

#include "core/base/error.hpp"
#include "core/format/json.hpp"
#include "core/format/safetensors.hpp"
#include "core/format/utf8.hpp"

namespace lateral::format {
namespace {

constexpr std::string_view kWhere = "safetensors";

// Larger elements first keeps every tensor aligned; among equals the order of the reference implementation.
int rank_of(Dtype dtype) {
  constexpr std::array<Dtype, 10> kOrder{Dtype::I64, Dtype::F64, Dtype::F32, Dtype::I32, Dtype::BF16,
                                         Dtype::F16, Dtype::I16, Dtype::I8,  Dtype::U8,  Dtype::Bool};
  return static_cast<int>(std::find(kOrder.begin(), kOrder.end(), dtype) - kOrder.begin());
}

void check(const TensorView& tensor) {
  if (tensor.name == "__metadata__" || !utf8::is_valid(tensor.name)) {
    fail(Errc::InvalidArgument, kWhere, "a tensor cannot be named ", json::quote(tensor.name));
  }
  std::uint64_t needed = size_of(tensor.dtype);
  bool fits = true;
  for (const auto dim : tensor.shape) {
    fits = fits && dim >= 0 && !__builtin_mul_overflow(needed, static_cast<std::uint64_t>(dim), &needed);
  }
  if (!fits || needed != tensor.bytes.size()) {
    fail(Errc::InvalidArgument, kWhere, "tensor ", json::quote(tensor.name), " has ", tensor.bytes.size(),
         " bytes, which its shape and dtype do not");
  }
}

std::vector<const TensorView*> in_file_order(std::span<const TensorView> tensors) {
  std::vector<const TensorView*> order;
  for (const auto& tensor : tensors) {
    check(tensor);
    order.push_back(&tensor);
  }
  std::sort(order.begin(), order.end(),
            [](const TensorView* a, const TensorView* b) { return a->name < b->name; });
  const auto twin =
      std::adjacent_find(order.begin(), order.end(), [](auto* a, auto* b) { return a->name == b->name; });
  if (twin != order.end())
    fail(Errc::InvalidArgument, kWhere, "two tensors named ", json::quote((*twin)->name));
  std::stable_sort(order.begin(), order.end(),
                   [](auto* a, auto* b) { return rank_of(a->dtype) < rank_of(b->dtype); });
  return order;
}

std::string header_for(const std::vector<const TensorView*>& order, const Metadata& metadata) {
  json::Writer out;
  out.begin_object();
  if (!metadata.empty()) {
    out.key("__metadata__").begin_object();
    for (const auto& [key, value] : metadata) out.member(key, value);
    out.end_object();
  }
  std::uint64_t offset = 0;
  for (const auto* tensor : order) {
    out.key(tensor->name).begin_object().member("dtype", name_of(tensor->dtype)).key("shape").begin_array();
    for (const auto dim : tensor->shape) out.value(dim);
    out.end_array().key("data_offsets").begin_array().value(offset).value(offset + tensor->bytes.size());
    out.end_array().end_object();
    offset += tensor->bytes.size();
  }
  out.end_object();
  std::string header = std::move(out).text();
  header.resize((header.size() + 7) / 8 * 8, ' ');
  return header;
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, std::span<const TensorView> tensors,
                       const Metadata& metadata) {
  const auto order = in_file_order(tensors);
  const auto header = header_for(order, metadata);
  write_atomically(path, [&](std::ostream& out) {
    for (std::size_t i = 0; i < 8; ++i) out.put(static_cast<char>((header.size() >> (8 * i)) & 0xFFU));
    out.write(header.data(), static_cast<std::streamsize>(header.size()));
    for (const auto* tensor : order) {
      out.write(reinterpret_cast<const char*>(tensor->bytes.data()),
                static_cast<std::streamsize>(tensor->bytes.size()));
    }
  });
}

}  // namespace lateral::format
