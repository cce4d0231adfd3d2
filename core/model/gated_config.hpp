#pragma once
// config.json of Llama and the families that kept its block: RMS norms, rotary positions, a gated FFN.

#include <cstdint>

#include "core/model/config_values.hpp"
#include "core/model/spec.hpp"

namespace lateral::model {

/// hidden / heads; a remainder is a fault.
std::int64_t equal_share(const ConfigValues& config, const DecoderSpec& spec);

/// `spec` has already what all families have.
void read_llama(const ConfigValues& config, DecoderSpec& spec);
void read_mistral(const ConfigValues& config, DecoderSpec& spec);
void read_qwen2(const ConfigValues& config, DecoderSpec& spec);
void read_qwen3(const ConfigValues& config, DecoderSpec& spec);

}  // namespace lateral::model
