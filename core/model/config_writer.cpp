#include "core/model/config_writer.hpp"

#include <array>
#include <utility>

#include "core/base/error.hpp"
#include "core/format/json.hpp"
#include "core/model/config_values.hpp"
#include "core/model/families.hpp"
#include "core/model/rotary_config.hpp"

namespace lateral::model {
namespace {

using format::json::Writer;

std::string_view name_of(at::ScalarType dtype) {
  if (dtype == at::kBFloat16) return "bfloat16";
  return dtype == at::kHalf ? "float16" : "float32";
}

void write_ids(const DecoderSpec& spec, Writer& json) {
  if (spec.bos >= 0) json.member("bos_token_id", spec.bos);
  if (spec.pad >= 0) json.member("pad_token_id", spec.pad);
  if (spec.eos.size() == 1) json.member("eos_token_id", spec.eos.front());
  if (spec.eos.size() < 2) return;
  json.key("eos_token_id").begin_array();
  for (const std::int64_t id : spec.eos) json.value(id);
  json.end_array();
}

void write_opt(const DecoderSpec& spec, Writer& json) {
  json.member("ffn_dim", spec.intermediate)
      .member("word_embed_proj_dim", spec.embedding_width)
      .member("layer_norm_elementwise_affine", spec.norm_affine)
      .member("do_layer_norm_before", spec.pre_norm)
      .member("_remove_final_layer_norm", spec.pre_norm && !spec.final_norm)
      .member("enable_bias", spec.qkv_bias);
}

void write_gpt2(const DecoderSpec& spec, Writer& json) {
  json.member("n_inner", spec.intermediate)
      .member("scale_attn_weights", spec.scores_by_width)
      .member("scale_attn_by_inverse_layer_idx", spec.scores_by_block);
}

void write_bloom(const DecoderSpec& spec, Writer& json) {
  json.member("apply_residual_connection_post_layernorm", spec.residual_of_norm);
}

void write_gpt_neox(const DecoderSpec& spec, Writer& json) {
  json.member("intermediate_size", spec.intermediate)
      .member("use_parallel_residual", spec.parallel_residual)
      .member("attention_bias", spec.qkv_bias);
  write_rotary(spec, true, json);
}

void write_gated(const DecoderSpec& spec, Writer& json) {
  json.member("num_key_value_heads", spec.kv_heads)
      .member("head_dim", spec.head_dim)
      .member("intermediate_size", spec.intermediate);
  write_rotary(spec, false, json);
}

void write_llama(const DecoderSpec& spec, Writer& json) {
  write_gated(spec, json);
  json.member("attention_bias", spec.qkv_bias).member("mlp_bias", spec.ffn_bias);
}

void write_mistral(const DecoderSpec& spec, Writer& json) {
  write_gated(spec, json);
  json.key("sliding_window");
  spec.windows.empty() ? json.null() : json.value(spec.windows.front());
}

void write_qwen2(const DecoderSpec& spec, Writer& json) {
  write_gated(spec, json);
  json.member("use_sliding_window", !spec.windows.empty());
  if (spec.windows.empty()) return;
  std::int64_t widest = 0;
  json.key("layer_types").begin_array();
  for (const std::int64_t window : spec.windows) {
    json.value(window > 0 ? "sliding_attention" : "full_attention");
    widest = std::max(widest, window);
  }
  json.end_array().member("sliding_window", widest);
}

void write_qwen3(const DecoderSpec& spec, Writer& json) {
  write_qwen2(spec, json);
  json.member("attention_bias", spec.qkv_bias);
}

using MemberWriter = void (*)(const DecoderSpec&, Writer&);
constexpr std::array<std::pair<std::string_view, MemberWriter>, 8> kWriters = {{
    {"opt", write_opt},
    {"bloom", write_bloom},
    {"llama", write_llama},
    {"mistral", write_mistral},
    {"qwen2", write_qwen2},
    {"qwen3", write_qwen3},
    {"gpt2", write_gpt2},
    {"gpt_neox", write_gpt_neox},
}};

}  // namespace

std::string config_json(const DecoderSpec& spec, at::ScalarType dtype) {
  const Family& family = family_of(spec.family);
  const ConfigKeys& keys = family.keys;
  Writer json(2);
  json.begin_object();
  json.key("architectures").begin_array().value(family.architecture).end_array();
  json.member("model_type", family.model_type)
      .member("vocab_size", spec.vocab)
      .member(keys.hidden.name, spec.hidden)
      .member(keys.layers.name, spec.layers)
      .member(keys.heads.name, spec.heads)
      .member(keys.positions.name, spec.max_positions)
      .member("tie_word_embeddings", spec.tied_head)
      .member("dtype", name_of(dtype));
  if (!keys.epsilon.empty()) json.member(keys.epsilon, spec.norm_epsilon);
  if (!keys.activation.empty()) json.member(keys.activation, model::name_of(spec.activation));
  write_ids(spec, json);
  for (const auto& [model_type, write] : kWriters) {
    if (model_type == family.model_type) write(spec, json);
  }
  json.end_object();
  return std::move(json).text() + "\n";
}

}  // namespace lateral::model
