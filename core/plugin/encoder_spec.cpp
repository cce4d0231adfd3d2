#include "core/plugin/encoder_spec.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "core/base/error.hpp"
#include "core/plugin/negotiation.hpp"
#include "core/plugin/status.hpp"

namespace lateral::plugin {
namespace {

constexpr std::uint32_t kMaxEncoders = 64;
constexpr std::uint32_t kMaxInputs = 64;
constexpr std::uint32_t kMaxAxes = 8;
constexpr std::size_t kMaxText = 65;  // one more than a name may have, so that a longer one is noticed

template <typename... Parts>
[[noreturn]] void breach(const Parts&... parts) {
  fail(Errc::PluginFault, "plugin", parts...);
}

std::string text(const char* given) {
  return given == nullptr ? "" : std::string(given, ::strnlen(given, kMaxText));
}

std::vector<std::string> texts(const char* const* list, std::uint32_t count, std::string_view what) {
  if (count > kMaxColumns || (count > 0 && list == nullptr)) breach(what, ": ", count, " of them");
  std::vector<std::string> result;
  for (std::uint32_t i = 0; i < count; ++i) result.push_back(text(list[i]));
  return result;
}

DType dtype_of(const lat_input_info& info) {
  if (info.dtype != LAT_DTYPE_U8 && info.dtype != LAT_DTYPE_F32)
    breach("input \"", text(info.name), "\" is neither u8 nor f32");
  return info.dtype == LAT_DTYPE_U8 ? DType::U8 : DType::F32;
}

InputSpec input_spec(const lat_input_info* given, const std::string& encoder) {
  if (given == nullptr) breach("encoder \"", encoder, "\" declares an input that is NULL");
  const auto info = copy_known(given);
  if (info.ndim > kMaxAxes || info.shape == nullptr) {
    breach("input \"", text(info.name), "\" of \"", encoder, "\" has ", info.ndim, " axes");
  }
  InputSpec spec;
  spec.name = text(info.name);
  spec.kind = static_cast<InputKind>(info.kind);
  spec.dtype = dtype_of(info);
  spec.shape.assign(info.shape, info.shape + info.ndim);
  spec.columns = texts(info.columns, info.n_columns, "a column's name");
  spec.units = text(info.units);
  spec.rate_hz = info.rate_hz;
  spec.optional = (info.flags & LAT_INPUT_OPTIONAL) != 0;
  return spec;
}

void read_extra(const lat_plugin& table, const char* capability, const char* output, std::uint32_t index,
                EncoderSpec& spec) {
  const void* const found = table.get_capability == nullptr ? nullptr : table.get_capability(capability);
  if (found == nullptr) return;
  const auto ability = copy_known(static_cast<const lat_token_output*>(found));
  if (ability.describe == nullptr) breach(capability, " is incomplete: describe is NULL");
  lat_token_output_info info{};
  info.struct_size = sizeof info;
  ErrorText reason;
  const std::int32_t status = ability.describe(index, &info, reason.err());
  if (status == LAT_NOT_FOUND) return;
  throw_unless_ok(status, reason, capability);
  spec.extras.push_back(
      {output, info.width, texts(info.axes, info.n_axes, "an axis' name"), text(info.units)});
}

}  // namespace

const ExtraSpec* EncoderSpec::extra(std::string_view wanted) const noexcept {
  const auto found =
      std::find_if(extras.begin(), extras.end(), [&](const auto& spec) { return spec.name == wanted; });
  return found == extras.end() ? nullptr : &*found;
}

std::uint32_t read_encoder_count(const lat_plugin& table) {
  ErrorText reason;
  std::uint32_t count = 0;
  throw_unless_ok(table.encoder_count(&count, reason.err()), reason, "encoder_count");
  if (count == 0 || count > kMaxEncoders) breach("says it has ", count, " encoders");
  return count;
}

EncoderSpec read_encoder_spec(const lat_plugin& table, std::uint32_t index) {
  lat_encoder_info info{};
  info.struct_size = sizeof info;
  ErrorText reason;
  throw_unless_ok(table.encoder_info(index, &info, reason.err()), reason, "encoder_info");
  EncoderSpec spec;
  spec.name = text(info.name);
  spec.modality = text(info.modality);
  spec.token_space = text(info.token_space);
  spec.token_width = info.token_width;
  spec.max_tokens = info.max_tokens;
  spec.token_limit = info.token_limit;
  if (info.token_dtype != LAT_DTYPE_F32) breach("tokens of \"", spec.name, "\" must be f32");
  spec.reentrant = (info.flags & LAT_ENCODER_REENTRANT) != 0;
  spec.deterministic = (info.flags & LAT_ENCODER_DETERMINISTIC) != 0;
  if (info.n_inputs > kMaxInputs || info.inputs == nullptr) {
    breach("encoder \"", spec.name, "\" declares ", info.n_inputs, " inputs");
  }
  for (std::uint32_t i = 0; i < info.n_inputs; ++i) {
    spec.inputs.push_back(input_spec(info.inputs[i], spec.name));
  }
  read_extra(table, LAT_CAP_TOKEN_SCORES, "scores", index, spec);
  read_extra(table, LAT_CAP_TOKEN_KEYS, "keys", index, spec);
  read_extra(table, LAT_CAP_TOKEN_POSITIONS, "positions", index, spec);
  require_sound(spec);
  return spec;
}

}  // namespace lateral::plugin
