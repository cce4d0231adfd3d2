#include "core/runtime/language.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/hash.hpp"
#include "core/model/load.hpp"
#include "core/tensor/settings.hpp"

namespace lateral::runtime {
namespace {

constexpr std::int64_t kSampledBytes = 64 << 10;
constexpr std::int64_t kSampleChunk = 4 << 10;

// A small tensor whole, a large one in chunks spread over it.
void add_tensor(Hash64& hash, const at::Tensor& tensor) {
  const at::Tensor plain = tensor.detach().to(at::kCPU).contiguous();
  const auto* const data = static_cast<const std::byte*>(plain.const_data_ptr());
  const auto bytes = static_cast<std::int64_t>(plain.nbytes());
  if (bytes <= kSampledBytes) {
    hash.add(std::span(data, static_cast<std::size_t>(bytes)));
    return;
  }
  constexpr std::int64_t kChunks = kSampledBytes / kSampleChunk;
  for (std::int64_t i = 0; i < kChunks; ++i) {
    const std::int64_t at = (bytes - kSampleChunk) * i / (kChunks - 1);
    hash.add(std::span(data + at, static_cast<std::size_t>(kSampleChunk)));
  }
}

// What came later than the first adapters is hashed only where a model has it, so that they keep their names.
void add_variants(Hash64& hash, const model::DecoderSpec& spec) {
  const model::RotarySpec& rotary = spec.rotary;
  if (rotary.width > 0) hash.add("rotary width").add(rotary.width);
  if (rotary.scaling != model::RotarySpec::Scaling::None) {
    hash.add("rotary scaling").add(static_cast<std::int64_t>(rotary.scaling)).add(rotary.factor);
    hash.add(rotary.original_positions).add(rotary.low_frequency_factor).add(rotary.high_frequency_factor);
    hash.add(rotary.fast).add(rotary.slow).add(rotary.amplitude).add(std::int64_t{rotary.truncate});
    for (const auto* factors : {&rotary.short_factors, &rotary.long_factors}) {
      for (const double factor : *factors) hash.add(factor);
    }
  }
  if (!spec.windows.empty()) hash.add("windows");
  for (const std::int64_t window : spec.windows) hash.add(window);
  if (spec.activation != model::Activation::Silu)
    hash.add("activation").add(static_cast<std::int64_t>(spec.activation));
  if (spec.parallel_residual) hash.add("parallel residual");
  if (spec.residual_of_norm) hash.add("residual of norm");
  if (!spec.pre_norm) hash.add("norm after");
  if (!spec.scores_by_width) hash.add("scores not by width");
  if (spec.scores_by_block) hash.add("scores by block");
}

std::vector<format::TokenId> narrow(std::span<const std::int64_t> ids) {
  return {ids.begin(), ids.end()};
}

}  // namespace

std::string identity_of(const model::Decoder& decoder) {
  Hash64 hash;
  const auto& spec = decoder.spec();
  hash.add(spec.family).add(spec.layers).add(spec.heads).add(spec.kv_heads).add(spec.head_dim);
  hash.add(spec.norm_epsilon).add(spec.rotary.theta);
  add_variants(hash, spec);
  for (const auto& [name, tensor] : decoder.named_tensors()) {
    hash.add(name);
    for (const std::int64_t size : tensor.sizes()) hash.add(size);
    add_tensor(hash, tensor);
  }
  return hash.text();
}

Language::Language(const config::ModelConfig& config, const std::vector<std::string>& stop)
    : folder_(config.path),
      decoder_(model::load_model(config.path, tensor::parse_dtype(config.dtype),
                                 tensor::parse_device(config.device))),
      tokenizer_(format::Tokenizer::load(config.path)),
      format_(read_question_format(config.path, parse_chat(config.chat))),
      identity_(identity_of(decoder_)) {
  format_.stop.insert(format_.stop.end(), stop.begin(), stop.end());
  if (tokenizer_.vocab_size() > decoder_.spec().vocab) {
    fail(Errc::InvalidArgument, "model", folder_.string(), ": the tokenizer has ", tokenizer_.vocab_size(),
         " ids, the model only ", decoder_.spec().vocab, " rows; these files do not belong together");
  }
}

model::Ids Language::prompt_ids(std::string_view question) const {
  return training::encode_prompt(tokenizer_, format_.prompt, question);
}

std::string Language::decoded(std::span<const std::int64_t> ids) const {
  return tokenizer_.decode(narrow(ids));
}

std::string Language::answer_text(std::span<const std::int64_t> ids) const {
  return format_.trimmed(decoded(ids));
}

bool Language::complete(std::span<const std::int64_t> ids) const {
  return format_.complete(decoded(ids));
}

}  // namespace lateral::runtime
