#include "core/plugin/input_binding.hpp"

#include <algorithm>
#include <cstring>

#include "core/base/error.hpp"
#include "core/plugin/shape_text.hpp"
#include "core/plugin/tensor.hpp"

namespace lateral::plugin {
namespace {

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

}  // namespace

InputBinding::InputBinding(const InputSpec& spec, const Input& input) : spec_(&spec), input_(&input) {
  if (input.kind != spec.kind) misfit(spec, "is ", name_of(input.kind), ", wanted is ", name_of(spec.kind));
  if (input.dtype != spec.dtype)
    misfit(spec, "is ", name_of(input.dtype), ", wanted is ", name_of(spec.dtype));
  if (spec.rate_hz > 0 && input.rate_hz != spec.rate_hz) {
    misfit(spec, "has ", input.rate_hz, " Hz, wanted are ", spec.rate_hz, " Hz");
  }
  picked_ = picks(spec, input);
  shape_ = input.shape;
  if (!picked_.empty()) shape_[1] = static_cast<std::int64_t>(picked_.size());
  if (!fits(spec.shape, shape_))
    misfit(spec, "has shape ", text_of(shape_), ", wanted is ", text_of(spec.shape));
  const std::size_t given_bytes = bytes_of(input.name, input.dtype, input.shape);
  if (input.data == nullptr && given_bytes > 0) misfit(spec, "has no data");
  bytes_ = bytes_of(spec.name, spec.dtype, shape_);
}

void InputBinding::write(std::byte* to) const {
  if (picked_.empty()) {
    if (bytes_ > 0) std::memcpy(to, input_->data, bytes_);
    return;
  }
  const auto* from = static_cast<const float*>(input_->data);
  auto* values = reinterpret_cast<float*>(to);
  const auto width = static_cast<std::size_t>(input_->shape[1]);
  for (std::int64_t row = 0; row < shape_[0]; ++row, from += width) {
    for (const auto column : picked_) *values++ = from[column];
  }
}

std::vector<InputBinding> bind_inputs(const EncoderSpec& spec, std::span<const Input> inputs) {
  std::vector<InputBinding> bound;
  for (const auto& wanted : spec.inputs) {
    const auto given =
        std::find_if(inputs.begin(), inputs.end(), [&](const Input& i) { return i.name == wanted.name; });
    if (given != inputs.end()) {
      bound.emplace_back(wanted, *given);
    } else if (!wanted.optional) {
      fail(Errc::NotFound, spec.name, "needs the input \"", wanted.name, "\" (", name_of(wanted.kind), ")");
    }
  }
  for (const auto& given : inputs) {
    const bool known = std::any_of(spec.inputs.begin(), spec.inputs.end(),
                                   [&](const InputSpec& wanted) { return wanted.name == given.name; });
    if (!known) fail(Errc::InvalidArgument, spec.name, "has no input \"", given.name, "\"");
  }
  return bound;
}

}  // namespace lateral::plugin
