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
    std::size_t elements = 1;
    for (auto& axis : input.shape) {
      if (axis < 0) axis = few(wanted.kind);
      elements *= static_cast<std::size_t>(axis);
    }
    input.data = memory_.emplace_back(content(wanted, elements)).data();
    inputs_.push_back(std::move(input));
  }
}

void self_test(Revision& revision, std::chrono::milliseconds timeout) {
  for (const auto& spec : revision.encoders()) {
    const SyntheticSample sample(spec);
    try {
      revision.make_encoder(spec.name, {})->encode(sample.inputs(), {.timeout = timeout, .cancel = {}});
    } catch (const Error& error) {
      if (error.code() == Errc::InvalidArgument) {
        log::debug("plugin", revision.id(), ": refuses made-up inputs: ", error.what());
        continue;
      }
      fail(error.code(), revision.id(), revision.facts().version, " failed its self-test: ", error.what());
    }
  }
}

}  // namespace lateral::plugin
