#pragma once
// The worker's side of one encode: the plugin works on the lane's arena, where the host wrote the inputs.

#include <lateral/plugin.h>

#include "core/plugin/encoder_spec.hpp"
#include "core/plugin/worker/lane.hpp"
#include "core/plugin/worker/messages.hpp"

namespace lateral::plugin::worker {

/// The plugin wrote past the end of a tensor.
struct Overrun {};

/// Plans, and encodes if the arena has room for the plan. Runs plugin code. Throws what the plugin reported,
/// PluginFault for a broken contract, or Overrun.
EncodeReply encode_in_arena(const lat_plugin& functions, const EncoderSpec& spec,
                            const EncodeRequest& request, Lane& lane);

}  // namespace lateral::plugin::worker
