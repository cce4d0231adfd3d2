#pragma once
// Inputs made from nothing but what an encoder declares and a seed.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/plugin/encoder_spec.hpp"

namespace lateral::conformance {

struct SampleInput {
  const plugin::InputSpec* spec = nullptr;
  std::vector<std::int64_t> shape;
  std::vector<std::byte> bytes;
};

/// One moment of made-up sensor data. Its encoder's spec must outlive it.
struct Sample {
  std::string name;  ///< what it is, for messages: "typical", "one row", ...
  std::vector<SampleInput> inputs;
};

/// How large the free axes (-1) are.
enum class Extent { One, Small, Typical, Large };
/// What the numbers are like.
enum class Content { Typical, Zero, Lowest, Highest, Huge };

/// A sample with every input, the optional ones too unless told otherwise. The same arguments give the same bytes.
Sample make_sample(const plugin::EncoderSpec& spec, std::uint64_t seed, Extent extent = Extent::Typical,
                   Content content = Content::Typical, bool with_optional = true);

/// Samples of all extents and of contents that real data may have.
std::vector<Sample> make_samples(const plugin::EncoderSpec& spec, std::uint64_t seed);

}  // namespace lateral::conformance
