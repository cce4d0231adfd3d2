#include "core/plugin/encoder_spec.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>
#include <string_view>

#include "core/base/error.hpp"
#include "core/plugin/negotiation.hpp"
#include "core/plugin/status.hpp"

namespace lateral::plugin {
namespace {

constexpr std::uint32_t kMaxEncoders = 64;
constexpr std::uint32_t kMaxInputs = 64;
constexpr std::uint32_t kMaxColumns = 4096;
constexpr std::uint32_t kMaxTokens = 1U << 20U;
constexpr std::uint32_t kMaxWidth = 1U << 16U;
constexpr std::size_t kMaxName = 64;

template <typename... Parts>
[[noreturn]] void breach(const Parts&... parts) {
  fail(Errc::PluginFault, "plugin", parts...);
}

std::string name(const char* given, std::string_view what) {
  if (given == nullptr || *given == '\0') breach(what, " is missing");
  const std::size_t length = ::strnlen(given, kMaxName + 1);
  if (length > kMaxName) breach(what, " has more than ", kMaxName, " bytes");
  return {given, length};
}

std::string optional_text(const char* given) {
  return given == nullptr ? "" : std::string(given, ::strnlen(given, kMaxName));
}

std::vector<std::string> names(const char* const* list, std::uint32_t count, std::string_view what) {
  if (count > kMaxColumns || (count > 0 && list == nullptr)) breach(what, ": ", count, " of them");
  std::vector<std::string> result;
  for (std::uint32_t i = 0; i < count; ++i) result.push_back(name(list[i], what));
  return result;
}

struct Form {
  DType dtype;
  std::uint32_t rank;
};

Form form_of(InputKind kind) {
  switch (kind) {
    case InputKind::Image:
      return {DType::U8, 4};
    case InputKind::Points:
    case InputKind::Table:
      return {DType::F32, 2};
    case InputKind::Audio:
      return {DType::F32, 1};
    default:
      return {DType::U8, 1};
  }
}

InputSpec input_spec(const lat_input_info* given, const std::string& encoder) {
  if (given == nullptr) breach("encoder \"", encoder, "\" declares an input that is NULL");
  const auto info = copy_known(given);
  InputSpec spec;
  spec.name = name(info.name, "an input's name");
  const auto wrong = [&](const auto&... parts) {
    breach("input \"", spec.name, "\" of \"", encoder, "\" ", parts...);
  };
  if (info.kind < LAT_INPUT_IMAGE || info.kind > LAT_INPUT_RAW) wrong("has the unknown kind ", info.kind);
  spec.kind = static_cast<InputKind>(info.kind);
  const Form form = form_of(spec.kind);
  spec.dtype = form.dtype;
  if (info.dtype != (form.dtype == DType::U8 ? LAT_DTYPE_U8 : LAT_DTYPE_F32)) {
    wrong("must be ", name_of(form.dtype), ", as every ", name_of(spec.kind));
  }
  if (info.ndim != form.rank || info.shape == nullptr) {
    wrong("has ", info.ndim, " axes; every ", name_of(spec.kind), " has ", form.rank);
  }
  spec.shape.assign(info.shape, info.shape + info.ndim);
  for (const auto size : spec.shape) {
    if (size == 0 || size < -1) wrong("has an axis of ", size);
  }
  spec.columns = names(info.columns, info.n_columns, "a column's name");
  if (!spec.columns.empty() && spec.shape.back() != static_cast<std::int64_t>(spec.columns.size())) {
    wrong("names ", spec.columns.size(), " columns for an axis of ", spec.shape.back());
  }
  spec.units = optional_text(info.units);
  spec.rate_hz = info.rate_hz;
  spec.optional = (info.flags & LAT_INPUT_OPTIONAL) != 0;
  return spec;
}

void read_inputs(const lat_encoder_info& info, EncoderSpec& spec) {
  if (info.n_inputs == 0 || info.n_inputs > kMaxInputs || info.inputs == nullptr) {
    breach("encoder \"", spec.name, "\" declares ", info.n_inputs, " inputs");
  }
  std::set<std::string> seen;
  for (std::uint32_t i = 0; i < info.n_inputs; ++i) {
    spec.inputs.push_back(input_spec(info.inputs[i], spec.name));
    if (!seen.insert(spec.inputs.back().name).second)
      breach("two inputs are named \"", spec.inputs.back().name, "\"");
  }
}

void read_extra(const lat_plugin& table, const char* capability, const char* output, std::uint32_t index,
                EncoderSpec& spec) {
  const void* const found = table.get_capability == nullptr ? nullptr : table.get_capability(capability);
  if (found == nullptr) return;
  const auto ability = copy_known(static_cast<const lat_token_output*>(found));
  if (ability.describe == nullptr) breach(capability, " is incomplete: describe is NULL");
  lat_token_output_info info{};
  info.struct_size = sizeof info;
  ErrorText text;
  const std::int32_t status = ability.describe(index, &info, text.err());
  if (status == LAT_NOT_FOUND) return;
  throw_unless_ok(status, text, capability);
  if (info.width == 0 || info.width > kMaxWidth) breach(capability, " has width ", info.width);
  if (std::string_view(output) == "scores" && info.width != 1)
    breach(capability, " must have width 1, not ", info.width);
  spec.extras.push_back(
      {output, info.width, names(info.axes, info.n_axes, "an axis' name"), optional_text(info.units)});
  if (!spec.extras.back().axes.empty() && spec.extras.back().axes.size() != info.width) {
    breach(capability, " names ", info.n_axes, " axes for a width of ", info.width);
  }
}

}  // namespace

const ExtraSpec* EncoderSpec::extra(std::string_view wanted) const noexcept {
  const auto found =
      std::find_if(extras.begin(), extras.end(), [&](const auto& spec) { return spec.name == wanted; });
  return found == extras.end() ? nullptr : &*found;
}

std::uint32_t read_encoder_count(const lat_plugin& table) {
  ErrorText text;
  std::uint32_t count = 0;
  throw_unless_ok(table.encoder_count(&count, text.err()), text, "encoder_count");
  if (count == 0 || count > kMaxEncoders) breach("says it has ", count, " encoders");
  return count;
}

EncoderSpec read_encoder_spec(const lat_plugin& table, std::uint32_t index) {
  lat_encoder_info info{};
  info.struct_size = sizeof info;
  ErrorText text;
  throw_unless_ok(table.encoder_info(index, &info, text.err()), text, "encoder_info");
  EncoderSpec spec;
  spec.name = name(info.name, "an encoder's name");
  spec.modality = optional_text(info.modality);
  spec.token_space = name(info.token_space, "the token space of \"" + spec.name + "\"");
  spec.token_width = info.token_width;
  spec.max_tokens = info.max_tokens;
  if (info.token_width == 0 || info.token_width > kMaxWidth) breach("token width ", info.token_width);
  if (info.max_tokens == 0 || info.max_tokens > kMaxTokens) breach("max_tokens ", info.max_tokens);
  if (info.token_dtype != LAT_DTYPE_F32) breach("tokens of \"", spec.name, "\" must be f32");
  if (!(info.token_limit >= 0) || !std::isfinite(info.token_limit)) breach("token_limit ", info.token_limit);
  spec.token_limit = info.token_limit;
  spec.reentrant = (info.flags & LAT_ENCODER_REENTRANT) != 0;
  spec.deterministic = (info.flags & LAT_ENCODER_DETERMINISTIC) != 0;
  read_inputs(info, spec);
  read_extra(table, LAT_CAP_TOKEN_SCORES, "scores", index, spec);
  read_extra(table, LAT_CAP_TOKEN_KEYS, "keys", index, spec);
  read_extra(table, LAT_CAP_TOKEN_POSITIONS, "positions", index, spec);
  return spec;
}

}  // namespace lateral::plugin
