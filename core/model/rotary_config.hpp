#pragma once
// Rotary positions as config.json has them: transformers 4 writes rope_theta beside rope_scaling, transformers
// 5 both inside rope_parameters.

#include "core/format/json.hpp"
#include "core/model/config_values.hpp"
#include "core/model/spec.hpp"

namespace lateral::model {

/// What a family's files leave out or call otherwise.
struct RotaryKeys {
  std::string_view theta = "rope_theta";
  std::string_view part;      ///< the part of each head that turns; empty: the family always turns all of it
  double default_part = 1.0;  ///< where the file does not say
};

/// `spec` has its positions and head width already. "dynamic" scaling changes nothing up to max_positions, beyond which
/// no model here goes, so it is read as none. Throws Unsupported for another scaling, naming those that work.
RotarySpec read_rotary(const ConfigValues& config, const DecoderSpec& spec, const RotaryKeys& keys = {});

/// The member rope_parameters. `partial`: the family may turn a part of each head only.
void write_rotary(const DecoderSpec& spec, bool partial, format::json::Writer& json);

}  // namespace lateral::model
