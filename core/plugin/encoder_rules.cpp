// What an encoder may declare. Kept apart from reading it, because a worker's words are judged by the same rules.
#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/plugin/encoder_spec.hpp"

namespace lateral::plugin {
namespace {

constexpr std::size_t kMaxEncoders = 64;
constexpr std::size_t kMaxInputs = 64;
constexpr std::uint32_t kMaxTokens = 1U << 20U;
constexpr std::uint32_t kMaxWidth = 1U << 16U;
constexpr std::size_t kMaxName = 64;
/// Of one input, where its sizes are declared; as much as a worker takes.
constexpr std::uint64_t kMaxBytes = std::uint64_t{4} << 30U;
/// Of sound; files that say no rate are taken to have it.
constexpr double kMaxRate = 1e9;

template <typename... Parts>
[[noreturn]] void breach(const Parts&... parts) {
  fail(Errc::PluginFault, "plugin", parts...);
}

void require_name(std::string_view name, std::string_view what) {
  if (name.empty()) breach(what, " is missing");
  if (name.size() > kMaxName) breach(what, " has more than ", kMaxName, " bytes");
  if (shown(name, kMaxName) != name) breach(what, " is not printable UTF-8: ", shown(name));
}

void require_names(const std::vector<std::string>& names, std::string_view what) {
  for (const auto& name : names) require_name(name, what);
}

struct Form {
  DType dtype;
  std::size_t rank;
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

void require_sound(const InputSpec& spec, const std::string& encoder) {
  require_name(spec.name, "an input's name");
  const auto wrong = [&](const auto&... parts) {
    breach("input \"", spec.name, "\" of \"", encoder, "\" ", parts...);
  };
  if (spec.kind < InputKind::Image || spec.kind > InputKind::Raw) {
    wrong("has the unknown kind ", static_cast<int>(spec.kind));
  }
  const Form form = form_of(spec.kind);
  if (spec.dtype != form.dtype) wrong("must be ", name_of(form.dtype), ", as every ", name_of(spec.kind));
  if (spec.shape.size() != form.rank) {
    wrong("has ", spec.shape.size(), " axes; every ", name_of(spec.kind), " has ", form.rank);
  }
  std::uint64_t room = kMaxBytes / size_of(spec.dtype);
  for (const auto size : spec.shape) {
    if (size == 0 || size < -1) wrong("has an axis of ", size);
    if (size > 0) room /= static_cast<std::uint64_t>(size);
  }
  if (room == 0) wrong("is declared with more than ", kMaxBytes >> 30U, " GiB");
  if (spec.columns.size() > kMaxColumns) wrong("names ", spec.columns.size(), " columns");
  require_names(spec.columns, "a column's name");
  if (!spec.columns.empty() && spec.shape.back() != static_cast<std::int64_t>(spec.columns.size())) {
    wrong("names ", spec.columns.size(), " columns for an axis of ", spec.shape.back());
  }
  if (!(spec.rate_hz >= 0 && spec.rate_hz <= kMaxRate)) wrong("has the rate ", spec.rate_hz);
}

void require_sound(const ExtraSpec& spec) {
  if (spec.name != "scores" && spec.name != "keys" && spec.name != "positions") {
    breach("there is no extra output \"", shown(spec.name), "\"");
  }
  if (spec.width == 0 || spec.width > kMaxWidth) breach(spec.name, " have width ", spec.width);
  if (spec.name == "scores" && spec.width != 1) breach("scores must have width 1, not ", spec.width);
  require_names(spec.axes, "an axis' name");
  if (!spec.axes.empty() && spec.axes.size() != spec.width) {
    breach(spec.name, " name ", spec.axes.size(), " axes for a width of ", spec.width);
  }
}

}  // namespace

void require_sound(const EncoderSpec& spec) {
  require_name(spec.name, "an encoder's name");
  require_name(spec.token_space, "the token space of \"" + spec.name + "\"");
  if (spec.token_width == 0 || spec.token_width > kMaxWidth) breach("token width ", spec.token_width);
  if (spec.max_tokens == 0 || spec.max_tokens > kMaxTokens) breach("max_tokens ", spec.max_tokens);
  if (!(spec.token_limit >= 0) || !std::isfinite(spec.token_limit)) breach("token_limit ", spec.token_limit);
  if (spec.inputs.empty() || spec.inputs.size() > kMaxInputs) {
    breach("encoder \"", spec.name, "\" declares ", spec.inputs.size(), " inputs");
  }
  std::set<std::string_view> seen;
  for (const auto& input : spec.inputs) {
    require_sound(input, spec.name);
    if (!seen.insert(input.name).second) breach("two inputs are named \"", input.name, "\"");
  }
  for (const auto& extra : spec.extras) {
    require_sound(extra);
    if (spec.extra(extra.name) != &extra) breach("two extra outputs are named \"", extra.name, "\"");
  }
}

void require_sound(const std::vector<EncoderSpec>& specs) {
  if (specs.empty() || specs.size() > kMaxEncoders) breach("says it has ", specs.size(), " encoders");
  std::set<std::string_view> seen;
  for (const auto& spec : specs) {
    require_sound(spec);
    if (!seen.insert(spec.name).second) breach("two encoders are named \"", spec.name, "\"");
  }
}

}  // namespace lateral::plugin
