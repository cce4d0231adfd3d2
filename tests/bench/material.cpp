#include "tests/bench/material.hpp"

#include <ATen/ATen.h>

#include "core/base/error.hpp"

namespace lateral::bench {
namespace {

model::DecoderSpec llama(std::int64_t layers, std::int64_t hidden, std::int64_t heads, std::int64_t kv_heads,
                         std::int64_t intermediate, std::int64_t vocab) {
  model::DecoderSpec spec;
  spec.family = "llama";
  spec.layers = layers;
  spec.hidden = spec.embedding_width = hidden;
  spec.heads = heads;
  spec.kv_heads = kv_heads;
  spec.head_dim = hidden / heads;
  spec.intermediate = intermediate;
  spec.vocab = vocab;
  spec.max_positions = 512;
  return spec;
}

}  // namespace

model::DecoderSpec shape_named(std::string_view name) {
  if (name == "tiny") return llama(4, 32, 4, 2, 64, 300);
  if (name == "stories") return llama(5, 64, 8, 4, 172, 512);
  if (name == "night") return llama(8, 128, 4, 4, 352, 512);
  if (name == "middle") return llama(8, 256, 8, 4, 704, 2048);
  fail(Errc::NotFound, "bench", "no shape \"", name, "\"; there are tiny, stories, night, middle");
}

model::Decoder random_model(const model::DecoderSpec& spec) {
  return model::Decoder::random(spec, 1, 0.1);
}

model::Ids prompt(std::int64_t row, std::int64_t length, std::int64_t vocab) {
  model::Ids ids;
  for (std::int64_t i = 0; i < length; ++i) ids.push_back(3 + (row * 31 + i * 17 + row * i) % (vocab - 3));
  return ids;
}

connector::Tokens sensor_tokens(std::int64_t batch, std::int64_t moment) {
  const auto values = at::sin((at::arange(batch * kTokens * kWidth, at::kDouble) + moment) * 0.37);
  return {values.to(at::kFloat).view({batch, kTokens, kWidth}), {}};
}

connector::Adapter adapter_for(const model::DecoderSpec& spec, const std::string& blocks) {
  connector::AdapterInfo info{.base_model = "bench",
                              .token_space = std::string(kTokenSpace),
                              .plugin = "bench",
                              .encoder = "bench",
                              .blocks = wiring::BlockSet::parse(blocks, static_cast<int>(spec.layers)),
                              .aligner = {kWidth, 128, spec.kv_heads, spec.head_dim}};
  info.seed = 5;
  return connector::Adapter(std::move(info));
}

}  // namespace lateral::bench
