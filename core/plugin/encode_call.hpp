#pragma once
// plan and encode as the ABI wants them called, and what is demanded of their results. Both isolations go
// through here: a thread calls and checks in one place, with a worker the worker calls and the host checks.

#include <lateral/plugin.h>

#include <cstdint>
#include <span>
#include <vector>

#include "core/plugin/encoder_spec.hpp"
#include "core/plugin/sample.hpp"

namespace lateral::plugin {

/// Unique in the process.
std::uint64_t next_request();

/// Runs plugin code. Throws what the plugin reported, or PluginFault for a plan beyond what it declared.
lat_plan call_plan(const lat_plugin& functions, const EncoderSpec& spec, std::uint64_t handle,
                   std::span<const lat_tensor* const> in);

/// What one encode gets besides its plan.
struct EncodeArguments {
  std::uint64_t request = 0;
  std::uint64_t deadline_ns = 0;
  const std::uint32_t* cancel_word = nullptr;
  std::span<const lat_tensor* const> in;
  std::span<lat_tensor* const> out;
  lat_tensor* workspace = nullptr;
};

/// What encode left behind. Not thrown at once, because memory that was overrun matters more.
struct EncodeOutcome {
  std::int32_t status = 0;
  std::string text;
  std::uint32_t n_tokens = 0;
};
EncodeOutcome call_encode(const lat_plugin& functions, std::uint64_t handle,
                          const EncodeArguments& arguments);

/// Throws PluginFault unless 1 <= planned <= declared.
void require_planned(const EncoderSpec& spec, std::uint32_t planned);
/// Throws PluginFault unless 1 <= n_tokens <= planned.
void require_tokens(const EncoderSpec& spec, std::uint32_t n_tokens, std::uint32_t planned);

/// Names and widths of what encode fills: "tokens", then the extras.
std::vector<ExtraSpec> outputs_of(const EncoderSpec& spec);

/// One matrix for each of outputs_of(), checked for finite numbers and the declared limit. Throws PluginFault.
Tokens collect(const EncoderSpec& spec, std::vector<Matrix> outputs);

}  // namespace lateral::plugin
