#include "core/plugin/encode_call.hpp"

#include <atomic>
#include <cmath>
#include <utility>

#include "core/base/error.hpp"
#include "core/plugin/status.hpp"

namespace lateral::plugin {
namespace {

constexpr std::uint64_t kMaxWorkspace = std::uint64_t{16} << 30U;

template <typename... Parts>
[[noreturn]] void breach(const EncoderSpec& spec, const Parts&... parts) {
  fail(Errc::PluginFault, spec.name, parts...);
}

/// The largest magnitude; NaN and infinity give infinity. One pass, which the compiler vectorises: the
/// exponent of everything that is not finite is the largest there is.
float largest(std::span<const float> values) {
  float top = 0;
  for (const float value : values) {
    const float magnitude = std::fabs(value);
    top = magnitude <= top ? top : magnitude;  // NaN compares false and is taken
    if (!(top <= 3.4028234e38F)) return INFINITY;
  }
  return top;
}

void require_finite(const EncoderSpec& spec, const std::string& output, std::span<const float> values) {
  const float top = largest(values);
  if (!std::isfinite(top)) breach(spec, "gave ", output, " that are not finite");
  if (output == "tokens" && spec.token_limit > 0 && static_cast<double>(top) > spec.token_limit) {
    breach(spec, "gave a token component of magnitude ", top, "; it declared at most ", spec.token_limit);
  }
}

}  // namespace

std::uint64_t next_request() {
  static std::atomic<std::uint64_t> count{0};
  return ++count;
}

lat_plan call_plan(const lat_plugin& functions, const EncoderSpec& spec, std::uint64_t handle,
                   std::span<const lat_tensor* const> in) {
  lat_plan plan{};
  plan.struct_size = sizeof plan;
  ErrorText text;
  const auto status =
      functions.plan(handle, in.data(), static_cast<std::uint32_t>(in.size()), &plan, text.err());
  throw_unless_ok(status, text.text(), "plan");
  require_planned(spec, plan.n_tokens);
  if (plan.workspace_bytes > kMaxWorkspace)
    breach(spec, "plans ", plan.workspace_bytes, " bytes of workspace");
  return plan;
}

EncodeOutcome call_encode(const lat_plugin& functions, std::uint64_t handle,
                          const EncodeArguments& arguments) {
  EncodeOutcome outcome;
  lat_encode args{};
  args.struct_size = sizeof args;
  args.request = arguments.request;
  args.in = arguments.in.data();
  args.n_in = static_cast<std::uint32_t>(arguments.in.size());
  args.out = arguments.out.data();
  args.n_out = static_cast<std::uint32_t>(arguments.out.size());
  args.device_type = LAT_DEVICE_CPU;
  args.cancel_word = arguments.cancel_word;
  args.deadline_ns = arguments.deadline_ns;
  args.workspace = arguments.workspace;
  args.n_tokens = &outcome.n_tokens;
  ErrorText text;
  outcome.status = functions.encode(handle, &args, text.err());
  outcome.text = text.text();
  return outcome;
}

void require_planned(const EncoderSpec& spec, std::uint32_t planned) {
  if (planned == 0 || planned > spec.max_tokens) {
    breach(spec, "plans ", planned, " tokens; it declared 1 to ", spec.max_tokens);
  }
}

void require_tokens(const EncoderSpec& spec, std::uint32_t n_tokens, std::uint32_t planned) {
  if (n_tokens == 0 || n_tokens > planned) {
    breach(spec, "gave ", n_tokens, " tokens; its plan allows 1 to ", planned);
  }
}

std::vector<ExtraSpec> outputs_of(const EncoderSpec& spec) {
  std::vector<ExtraSpec> outputs{{"tokens", spec.token_width, {}, {}}};
  outputs.insert(outputs.end(), spec.extras.begin(), spec.extras.end());
  return outputs;
}

Tokens collect(const EncoderSpec& spec, std::vector<Matrix> outputs) {
  Tokens result;
  result.token_space = spec.token_space;
  const auto names = outputs_of(spec);
  for (std::size_t i = 0; i < names.size(); ++i) {
    require_finite(spec, names[i].name, outputs[i].values());
    if (names[i].name == "tokens")
      result.tokens = std::move(outputs[i]);
    else if (names[i].name == "scores")
      result.scores = std::move(outputs[i]);
    else if (names[i].name == "keys")
      result.keys = std::move(outputs[i]);
    else
      result.positions = std::move(outputs[i]);
  }
  if (const auto* const positions = spec.extra("positions")) result.position_axes = positions->axes;
  return result;
}

}  // namespace lateral::plugin
