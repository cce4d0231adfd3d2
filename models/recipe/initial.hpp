#pragma once
// How the embedded language model begins.

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "core/base/random.hpp"
#include "core/model/decoder.hpp"

namespace lateral::recipe {

/// Of the token table. Larger than the usual 0.02: the table is also the head and the oracle's code.
inline constexpr double kEmbeddingDeviation = 0.08;

/// float32, drawn from `random` alone, so that it is the same with every version of torch.
at::Tensor normal(at::IntArrayRef shape, double deviation, Random& random);

/// A decoder of this spec whose matrices keep the variance of what they multiply (deviation 1 / sqrt(inputs)), and
/// whose residual projections are scaled down by sqrt(2 layers). At 1.6 M parameters this learns several times faster
/// than the deviation of 0.02 that large models use.
model::Decoder initial_decoder(const model::DecoderSpec& spec, std::uint64_t seed);

}  // namespace lateral::recipe
