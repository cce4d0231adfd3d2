#pragma once
// A spec as the config.json that transformers 5 would write for it.

#include <c10/core/ScalarType.h>

#include <string>

#include "core/model/spec.hpp"

namespace lateral::model {

std::string config_json(const DecoderSpec& spec, at::ScalarType dtype);

}  // namespace lateral::model
