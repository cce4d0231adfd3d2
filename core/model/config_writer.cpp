#include "core/model/config_writer.hpp"

#include "core/base/error.hpp"
#include "core/format/json.hpp"

namespace lateral::model {
namespace {

using format::json::Writer;

std::string_view name_of(Activation activation) {
  switch (activation) {
    case Activation::Relu:
      return "relu";
    case Activation::Gelu:
      return "gelu";
    case Activation::GeluTanh:
      return "gelu_pytorch_tanh";
    case Activation::Silu:
      return "silu";
  }
  fail(Errc::Internal, "model", "unknown activation");
}

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
      .member("activation_function", name_of(spec.activation))
      .member("enable_bias", spec.qkv_bias);
}

void write_rotary(const RotarySpec& rotary, Writer& json) {
  json.key("rope_parameters").begin_object().member("rope_theta", rotary.theta);
  switch (rotary.scaling) {
    case RotarySpec::Scaling::None:
      json.member("rope_type", "default");
      break;
    case RotarySpec::Scaling::Linear:
      json.member("rope_type", "linear").member("factor", rotary.factor);
      break;
    case RotarySpec::Scaling::Llama3:
      json.member("rope_type", "llama3")
          .member("factor", rotary.factor)
          .member("low_freq_factor", rotary.low_frequency_factor)
          .member("high_freq_factor", rotary.high_frequency_factor)
          .member("original_max_position_embeddings", rotary.original_positions);
  }
  json.end_object();
}

void write_llama(const DecoderSpec& spec, Writer& json) {
  json.member("num_key_value_heads", spec.kv_heads)
      .member("head_dim", spec.head_dim)
      .member("intermediate_size", spec.intermediate)
      .member("rms_norm_eps", spec.norm_epsilon)
      .member("hidden_act", name_of(spec.activation))
      .member("attention_bias", spec.qkv_bias)
      .member("mlp_bias", spec.ffn_bias);
  write_rotary(spec.rotary, json);
}

}  // namespace

std::string config_json(const DecoderSpec& spec, at::ScalarType dtype) {
  const bool opt = spec.family == "opt";
  Writer json(2);
  json.begin_object();
  json.key("architectures").begin_array().value(opt ? "OPTForCausalLM" : "LlamaForCausalLM").end_array();
  json.member("model_type", spec.family)
      .member("vocab_size", spec.vocab)
      .member("hidden_size", spec.hidden)
      .member("num_hidden_layers", spec.layers)
      .member("num_attention_heads", spec.heads)
      .member("max_position_embeddings", spec.max_positions)
      .member("tie_word_embeddings", spec.tied_head)
      .member("dtype", name_of(dtype));
  write_ids(spec, json);
  opt ? write_opt(spec, json) : write_llama(spec, json);
  json.end_object();
  return std::move(json).text() + "\n";
}

}  // namespace lateral::model
