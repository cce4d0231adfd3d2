// config.json as a DecoderSpec: what all families have, and those with the block of GPT-2.

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/model/config_values.hpp"
#include "core/model/gated_config.hpp"
#include "core/model/rotary_config.hpp"
#include "core/model/spec.hpp"

namespace lateral::model {
namespace {

// What every family has, with one key/value head for each head, as GPT-2 began.
DecoderSpec read_common(const ConfigValues& config, const Family& family) {
  const ConfigKeys& keys = family.keys;
  DecoderSpec spec;
  spec.family = family.model_type;
  spec.vocab = config.size("vocab_size");
  spec.hidden = spec.embedding_width = config.size(keys.hidden);
  spec.layers = config.size(keys.layers);
  spec.heads = spec.kv_heads = config.size(keys.heads);
  spec.head_dim = std::max<std::int64_t>(spec.hidden / spec.heads, 1);
  spec.max_positions = config.size(keys.positions, keys.default_positions);
  spec.activation = config.activation(keys.activation, keys.default_activation);
  spec.norm_epsilon =
      keys.epsilon.empty() ? keys.default_epsilon : config.number(keys.epsilon, keys.default_epsilon);
  spec.tied_head = config.flag("tie_word_embeddings", keys.default_tied);
  spec.qkv = family.names.qkv_layout;
  spec.bos = config.id("bos_token_id");
  spec.pad = config.id("pad_token_id");
  spec.eos = config.ids("eos_token_id", spec.vocab);
  return spec;
}

// A block as GPT-2 has it: layer norms, biases everywhere, a plain FFN.
void with_biases(DecoderSpec& spec) {
  spec.norm = NormKind::Layer;
  spec.gated_ffn = false;
  spec.qkv_bias = spec.output_bias = spec.ffn_bias = true;
}

void read_opt(const ConfigValues& config, DecoderSpec& spec) {
  with_biases(spec);
  spec.head_dim = equal_share(config, spec);
  spec.intermediate = config.size("ffn_dim", 3072);
  spec.embedding_width = config.size("word_embed_proj_dim", spec.hidden);
  spec.norm_affine = config.flag("layer_norm_elementwise_affine", true);
  spec.pre_norm = config.flag("do_layer_norm_before", true);
  spec.final_norm = spec.pre_norm && !config.flag("_remove_final_layer_norm", false);
  spec.positions = PositionKind::Learned;
  spec.position_offset = 2;
  spec.qkv_bias = spec.output_bias = spec.ffn_bias = config.flag("enable_bias", true);
}

void read_bloom(const ConfigValues& config, DecoderSpec& spec) {
  with_biases(spec);
  spec.residual_of_norm = config.flag("apply_residual_connection_post_layernorm", false);
  // transformers then sums over slices, and leaves two biases out.
  if (config.count("pretraining_tp", 1) > 1) config.require_flag("slow_but_exact", false);
  spec.head_dim = equal_share(config, spec);
  spec.intermediate = 4 * spec.hidden;
  spec.positions = PositionKind::Alibi;
  spec.embedding_norm = true;
}

void read_gpt2(const ConfigValues& config, DecoderSpec& spec) {
  with_biases(spec);
  spec.scores_by_width = config.flag("scale_attn_weights", true);
  spec.scores_by_block = config.flag("scale_attn_by_inverse_layer_idx", false);
  config.require_flag("add_cross_attention", false);
  spec.head_dim = equal_share(config, spec);
  spec.intermediate = config.size("n_inner", 4 * spec.hidden);
  spec.positions = PositionKind::Learned;
}

void read_gpt_neox(const ConfigValues& config, DecoderSpec& spec) {
  with_biases(spec);
  spec.head_dim = equal_share(config, spec);
  spec.intermediate = config.size("intermediate_size");
  spec.parallel_residual = config.flag("use_parallel_residual", true);
  spec.qkv_bias = spec.output_bias = config.flag("attention_bias", true);
  spec.rotary =
      read_rotary(config, spec, {.theta = "rotary_emb_base", .part = "rotary_pct", .default_part = 0.25});
}

using Reader = void (*)(const ConfigValues&, DecoderSpec&);
constexpr std::array<std::pair<std::string_view, Reader>, 8> kReaders = {{
    {"opt", read_opt},
    {"bloom", read_bloom},
    {"llama", read_llama},
    {"mistral", read_mistral},
    {"qwen2", read_qwen2},
    {"qwen3", read_qwen3},
    {"gpt2", read_gpt2},
    {"gpt_neox", read_gpt_neox},
}};

Reader reader_of(std::string_view model_type) {
  for (const auto& [name, reader] : kReaders) {
    if (name == model_type) return reader;
  }
  fail(Errc::Internal, "model", "no reader for ", model_type);
}

}  // namespace

DecoderSpec parse_spec(std::string_view json, std::string_view source) {
  Faults faults;
  const ConfigValues config(format::json::parse(json, std::string(source)), faults);
  const Family& family = family_of(config.text("model_type", ""));
  if (const auto quantised = config.root().find("quantization_config")) {
    fail(Errc::Unsupported, "model", quantised->place(),
         ": quantised weights; take the directory with float32, float16 or bfloat16 weights");
  }
  config.require_flag("is_causal", true);
  DecoderSpec spec = read_common(config, family);
  reader_of(family.model_type)(config, spec);
  faults.stop_if_any(source);
  check_spec(spec, source);
  return spec;
}

DecoderSpec read_spec(const std::filesystem::path& config_json) {
  constexpr std::uint64_t kMaxBytes = 16ULL << 20U;
  return parse_spec(read_text(config_json, kMaxBytes), config_json.string());
}

}  // namespace lateral::model
