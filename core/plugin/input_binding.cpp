#include <algorithm>
#include <cstring>
#include <limits>

#include "core/base/error.hpp"
#include "core/plugin/encode_job.hpp"

namespace lateral::plugin {
namespace {

std::string text_of(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (const auto size : shape) {
    text += (text.size() > 1 ? ", " : "") + (size < 0 ? std::string("any") : std::to_string(size));
  }
  return text + "]";
}

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

template <typename... Parts>
[[noreturn]] void misfit(const InputSpec& spec, const Parts&... parts) {
  fail(Errc::InvalidArgument, "plugin", "input \"", spec.name, "\" ", parts...);
}

bool fits(const std::vector<std::int64_t>& wanted, const std::vector<std::int64_t>& given) {
  return wanted.size() == given.size() && std::equal(wanted.begin(), wanted.end(), given.begin(),
                                                     [](auto w, auto g) { return w == -1 || w == g; });
}

/// Where each declared column lies in what was given; empty when the order is already right or unnamed.
std::vector<std::size_t> picks(const InputSpec& spec, const Input& input) {
  if (spec.columns.empty() || input.columns.empty() || spec.columns == input.columns) return {};
  if (input.shape.size() != 2 || input.shape[1] != static_cast<std::int64_t>(input.columns.size())) {
    misfit(spec, "names ", input.columns.size(), " columns for shape ", text_of(input.shape));
  }
  std::vector<std::size_t> result;
  for (const auto& column : spec.columns) {
    const auto found = std::find(input.columns.begin(), input.columns.end(), column);
    if (found == input.columns.end()) misfit(spec, "lacks the column \"", column, "\"");
    result.push_back(static_cast<std::size_t>(found - input.columns.begin()));
  }
  return result;
}

void pick_columns(const Input& input, const std::vector<std::size_t>& columns, OwnedTensor& tensor) {
  const auto* from = static_cast<const float*>(input.data);
  auto* to = reinterpret_cast<float*>(tensor.buffer().data());
  const auto width = static_cast<std::size_t>(input.shape[1]);
  for (std::int64_t row = 0; row < input.shape[0]; ++row, from += width) {
    for (const auto column : columns) *to++ = from[column];
  }
}

}  // namespace

OwnedTensor::OwnedTensor(std::string name, DType dtype, std::vector<std::int64_t> shape, std::uint32_t flags)
    : name_(std::move(name)), shape_(std::move(shape)), buffer_(bytes_of(name_, dtype, shape_)) {
  view_.struct_size = sizeof view_;
  view_.flags = flags;
  view_.dl.data = buffer_.data();
  view_.dl.device_type = LAT_DEVICE_CPU;
  view_.dl.ndim = static_cast<std::int32_t>(shape_.size());
  view_.dl.dtype_code = dtype == DType::U8 ? 1 : 2;
  view_.dl.dtype_bits = dtype == DType::U8 ? 8 : 32;
  view_.dl.dtype_lanes = 1;
  view_.dl.shape = shape_.data();
  view_.capacity_bytes = buffer_.size();
  view_.name = name_.c_str();
}

std::unique_ptr<OwnedTensor> bind_input(const InputSpec& spec, const Input& input) {
  if (input.kind != spec.kind) misfit(spec, "is ", name_of(input.kind), ", wanted is ", name_of(spec.kind));
  if (input.dtype != spec.dtype)
    misfit(spec, "is ", name_of(input.dtype), ", wanted is ", name_of(spec.dtype));
  if (spec.rate_hz > 0 && input.rate_hz != spec.rate_hz) {
    misfit(spec, "has ", input.rate_hz, " Hz, wanted are ", spec.rate_hz, " Hz");
  }
  const auto columns = picks(spec, input);
  auto shape = input.shape;
  if (!columns.empty()) shape[1] = static_cast<std::int64_t>(columns.size());
  if (!fits(spec.shape, shape))
    misfit(spec, "has shape ", text_of(shape), ", wanted is ", text_of(spec.shape));
  const std::size_t given_bytes = bytes_of(input.name, input.dtype, input.shape);
  if (input.data == nullptr && given_bytes > 0) misfit(spec, "has no data");
  auto tensor = std::make_unique<OwnedTensor>(spec.name, spec.dtype, std::move(shape), LAT_TENSOR_READONLY);
  tensor->view()->t_ns = input.time_ns;
  if (!columns.empty()) {
    pick_columns(input, columns, *tensor);
  } else if (given_bytes > 0) {
    std::memcpy(tensor->buffer().data(), input.data, given_bytes);
  }
  return tensor;
}

}  // namespace lateral::plugin
