#include "core/conformance/sample.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string_view>

#include "core/base/random.hpp"

namespace lateral::conformance {
namespace {

using plugin::InputKind;
using plugin::InputSpec;

/// Sizes of a free axis: One, Small, Typical, Large.
std::int64_t free_axis(const InputSpec& spec, std::size_t axis, Extent extent) {
  const auto pick = [&](std::int64_t one, std::int64_t small, std::int64_t typical, std::int64_t large) {
    const std::int64_t sizes[] = {one, small, typical, large};
    return sizes[static_cast<std::size_t>(extent)];
  };
  switch (spec.kind) {
    case InputKind::Image:
      if (axis == 0) return pick(1, 1, 2, 6);
      return axis == 1 ? pick(1, 24, 96, 480) : pick(1, 32, 128, 640);
    case InputKind::Points:
      return axis == 0 ? pick(1, 100, 4'000, 60'000) : pick(1, 3, 4, 8);
    case InputKind::Table:
      return axis == 0 ? pick(1, 7, 50, 5'000) : pick(1, 2, 4, 16);
    case InputKind::Audio:
      return pick(1, 1'000, 48'000, 960'000);
    default:
      return pick(1, 17, 1'000, 200'000);
  }
}

std::vector<std::int64_t> shape_of(const InputSpec& spec, Extent extent) {
  auto shape = spec.shape;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis] == -1) shape[axis] = free_axis(spec, axis, extent);
  }
  return shape;
}

/// A realistic largest magnitude: metres of a sweep, full scale of sound, any unit of a table.
float scale_of(const InputSpec& spec) {
  if (spec.kind == InputKind::Points) return 60.0F;
  return spec.kind == InputKind::Audio ? 1.0F : 100.0F;
}

float number(const InputSpec& spec, std::size_t index, Content content, Random& random) {
  const float scale = scale_of(spec);
  switch (content) {
    case Content::Zero:
      return 0;
    case Content::Lowest:
      return -scale;
    case Content::Highest:
      return scale;
    case Content::Huge:
      return random.chance(0.5F) ? 1e30F : -1e30F;
    case Content::Typical:
      break;
  }
  if (spec.kind == InputKind::Audio)
    return 0.5F * std::sin(0.05F * static_cast<float>(index)) + 0.1F * random.uniform(-1, 1);
  return random.uniform(-scale, scale);
}

std::byte byte(const InputSpec& spec, std::size_t index, Content content, Random& random) {
  constexpr std::string_view kText = "What is ahead of us, and how far away is it? ";
  if (spec.kind == InputKind::Text) return static_cast<std::byte>(kText[index % kText.size()]);
  if (content == Content::Zero || content == Content::Lowest) return std::byte{0};
  if (content == Content::Highest || content == Content::Huge) return std::byte{255};
  return static_cast<std::byte>(random.below(256));
}

SampleInput make_input(const InputSpec& spec, Extent extent, Content content, Random& random) {
  SampleInput input{&spec, shape_of(spec, extent), {}};
  std::size_t count = 1;
  for (const auto size : input.shape) count *= static_cast<std::size_t>(size);
  input.bytes.resize(count * plugin::size_of(spec.dtype));
  for (std::size_t i = 0; i < count; ++i) {
    if (spec.dtype == plugin::DType::U8) {
      input.bytes[i] = byte(spec, i, content, random);
    } else {
      const float value = number(spec, i, content, random);
      std::memcpy(input.bytes.data() + i * sizeof value, &value, sizeof value);
    }
  }
  return input;
}

std::string name_of(Extent extent, Content content) {
  constexpr std::string_view kExtents[] = {"smallest", "small", "typical", "large"};
  constexpr std::string_view kContents[] = {"", ", all zero", ", all lowest", ", all highest", ", +-1e30"};
  return std::string(kExtents[static_cast<std::size_t>(extent)]) +
         std::string(kContents[static_cast<std::size_t>(content)]);
}

}  // namespace

Sample make_sample(const plugin::EncoderSpec& spec, std::uint64_t seed, Extent extent, Content content,
                   bool with_optional) {
  Sample sample{name_of(extent, content), {}};
  std::uint64_t stream = 0;
  for (const auto& input : spec.inputs) {
    Random random(seed, stream++);
    if (with_optional || !input.optional) sample.inputs.push_back(make_input(input, extent, content, random));
  }
  return sample;
}

std::vector<Sample> make_samples(const plugin::EncoderSpec& spec, std::uint64_t seed) {
  std::vector<Sample> samples;
  for (const auto extent : {Extent::Typical, Extent::One, Extent::Small, Extent::Large}) {
    samples.push_back(make_sample(spec, seed, extent));
  }
  for (const auto content : {Content::Zero, Content::Lowest, Content::Highest}) {
    samples.push_back(make_sample(spec, seed, Extent::Small, content));
  }
  return samples;
}

}  // namespace lateral::conformance
