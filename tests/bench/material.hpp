#pragma once
// What the benchmarks run on: random models of given shapes, prompts and sensor tokens that Python can make too, and
// adapters that fit.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "core/connector/adapter.hpp"
#include "core/connector/tokens.hpp"
#include "core/model/decoder.hpp"
#include "core/model/generate.hpp"

namespace lateral::bench {

constexpr std::int64_t kTokens = 24, kWidth = 96;  ///< of one sample: 15° bins, as the bundled encoders give
constexpr std::string_view kTokenSpace = "bench-sines-1";

/// Llamas that differ in size alone: "tiny" (for checks that it works), "stories" (the shape of stories260K), "night"
/// (that of the bundled model), "middle" (7 million parameters). Throws NotFound for others.
model::DecoderSpec shape_named(std::string_view name);
model::Decoder random_model(const model::DecoderSpec& spec);

/// Row `row` of a batch of prompts; peer.py has the same formula.
model::Ids prompt(std::int64_t row, std::int64_t length, std::int64_t vocab);
/// [batch, kTokens, kWidth]; peer.py has the same formula. `moment` makes them another frame.
connector::Tokens sensor_tokens(std::int64_t batch, std::int64_t moment = 0);

/// A fresh adapter from kWidth tokens to the blocks that `blocks` says ("last:4"), as the configuration understands it.
connector::Adapter adapter_for(const model::DecoderSpec& spec, const std::string& blocks);

}  // namespace lateral::bench
