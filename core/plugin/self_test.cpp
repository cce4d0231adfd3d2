#include "core/plugin/self_test.hpp"

#include <cstring>

#include "core/base/error.hpp"
#include "core/base/log.hpp"

namespace lateral::plugin {
namespace {

std::int64_t few(InputKind kind) {
  switch (kind) {
    case InputKind::Image:
      return 64;
    case InputKind::Audio:
      return 16'000;
    case InputKind::Points:
      return 256;
    case InputKind::Table:
      return 16;
    case InputKind::Text:
    case InputKind::Raw:
      return 32;
  }
  return 1;
}

std::vector<std::byte> content(const InputSpec& spec, std::size_t elements) {
  std::vector<std::byte> bytes(elements * size_of(spec.dtype));
  for (std::size_t i = 0; i < elements; ++i) {
    if (spec.dtype == DType::F32) {
      const float value = static_cast<float>(i % 17) / 8.0F - 1.0F;
      std::memcpy(bytes.data() + i * sizeof value, &value, sizeof value);
    } else {
      bytes[i] = spec.kind == InputKind::Text ? std::byte{'a'} : static_cast<std::byte>(i * 37 % 251);
    }
  }
  return bytes;
}

constexpr std::size_t kMaxBytes = std::size_t{256} << 20U;

/// Replaces sizes that may be any by a few; how many elements that makes.
std::size_t settle(const InputSpec& spec, std::vector<std::int64_t>& shape) {
  const std::size_t most = kMaxBytes / size_of(spec.dtype);
  std::size_t elements = 1;
  for (auto& axis : shape) {
    if (axis < 0) axis = few(spec.kind);
    if (static_cast<std::size_t>(axis) > most / elements)
      fail(Errc::InvalidArgument, "plugin", "input \"", spec.name, "\" is too large to be made up");
    elements *= static_cast<std::size_t>(axis);
  }
  return elements;
}

}  // namespace

SyntheticSample::SyntheticSample(const EncoderSpec& spec) {
  for (const auto& wanted : spec.inputs) {
    if (wanted.optional) continue;
    Input input{.name = wanted.name,
                .kind = wanted.kind,
                .dtype = wanted.dtype,
                .shape = wanted.shape,
                .columns = wanted.columns,
                .rate_hz = wanted.rate_hz};
    const std::size_t elements = settle(wanted, input.shape);
    input.data = memory_.emplace_back(content(wanted, elements)).data();
    inputs_.push_back(std::move(input));
  }
}

void self_test(Revision& revision, std::chrono::milliseconds timeout) {
  for (const auto& spec : revision.encoders()) {
    try {
      const auto encoder = revision.make_encoder(spec.name, {});
      const SyntheticSample sample(spec);
      encoder->encode(sample.inputs(), {.timeout = timeout, .cancel = {}});
    } catch (const Error& error) {
      if (error.code() == Errc::InvalidArgument) {
        log::debug("plugin", revision.id(), ": made-up inputs do not serve: ", error.what());
        continue;
      }
      fail(error.code(), revision.id(), revision.facts().version, " failed its self-test: ", error.what());
    }
  }
}

}  // namespace lateral::plugin
