#include "core/model/families.hpp"

#include "core/base/error.hpp"

namespace lateral::model {
namespace {

constexpr TensorNames kOptNames = {.base = "model.",
                                   .tokens = "model.decoder.embed_tokens",
                                   .positions = "model.decoder.embed_positions",
                                   .project_in = "model.decoder.project_in",
                                   .project_out = "model.decoder.project_out",
                                   .final_norm = "model.decoder.final_layer_norm",
                                   .head = "lm_head",
                                   .block_prefix = "model.decoder.layers.",
                                   .attention_norm = "self_attn_layer_norm",
                                   .q = "self_attn.q_proj",
                                   .k = "self_attn.k_proj",
                                   .v = "self_attn.v_proj",
                                   .output = "self_attn.out_proj",
                                   .ffn_norm = "final_layer_norm",
                                   .up = "fc1",
                                   .down = "fc2"};

// Llama and the families that kept its names.
constexpr TensorNames kLlamaNames = {.base = "model.",
                                     .tokens = "model.embed_tokens",
                                     .final_norm = "model.norm",
                                     .head = "lm_head",
                                     .block_prefix = "model.layers.",
                                     .attention_norm = "input_layernorm",
                                     .q = "self_attn.q_proj",
                                     .k = "self_attn.k_proj",
                                     .v = "self_attn.v_proj",
                                     .q_norm = "self_attn.q_norm",
                                     .k_norm = "self_attn.k_norm",
                                     .output = "self_attn.o_proj",
                                     .ffn_norm = "post_attention_layernorm",
                                     .gate = "mlp.gate_proj",
                                     .up = "mlp.up_proj",
                                     .down = "mlp.down_proj",
                                     .buffers = {".rotary_emb.inv_freq"}};

constexpr TensorNames kBloomNames = {.base = "transformer.",
                                     .tokens = "transformer.word_embeddings",
                                     .embedding_norm = "transformer.word_embeddings_layernorm",
                                     .final_norm = "transformer.ln_f",
                                     .head = "lm_head",
                                     .block_prefix = "transformer.h.",
                                     .attention_norm = "input_layernorm",
                                     .output = "self_attention.dense",
                                     .ffn_norm = "post_attention_layernorm",
                                     .up = "mlp.dense_h_to_4h",
                                     .down = "mlp.dense_4h_to_h",
                                     .qkv = "self_attention.query_key_value",
                                     .qkv_layout = QkvLayout::HeadMajor};

constexpr TensorNames kGpt2Names = {.base = "transformer.",
                                    .tokens = "transformer.wte",
                                    .positions = "transformer.wpe",
                                    .final_norm = "transformer.ln_f",
                                    .head = "lm_head",
                                    .block_prefix = "transformer.h.",
                                    .attention_norm = "ln_1",
                                    .output = "attn.c_proj",
                                    .ffn_norm = "ln_2",
                                    .up = "mlp.c_fc",
                                    .down = "mlp.c_proj",
                                    .qkv = "attn.c_attn",
                                    .qkv_layout = QkvLayout::PartMajor,
                                    .input_major = true,
                                    .buffers = {".attn.bias", ".attn.masked_bias"}};

constexpr TensorNames kNeoxNames = {
    .base = "gpt_neox.",
    .tokens = "gpt_neox.embed_in",
    .final_norm = "gpt_neox.final_layer_norm",
    .head = "embed_out",
    .head_also = "lm_head",  // as transformers 5 writes it
    .block_prefix = "gpt_neox.layers.",
    .attention_norm = "input_layernorm",
    .output = "attention.dense",
    .ffn_norm = "post_attention_layernorm",
    .up = "mlp.dense_h_to_4h",
    .down = "mlp.dense_4h_to_h",
    .qkv = "attention.query_key_value",
    .qkv_layout = QkvLayout::HeadMajor,
    .buffers = {".attention.bias", ".attention.masked_bias", ".rotary_emb.inv_freq"}};

constexpr ConfigKeys llama_keys(std::int64_t default_positions) {
  return {.default_positions = default_positions,
          .activation = "hidden_act",
          .default_activation = "silu",
          .epsilon = "rms_norm_eps",
          .default_epsilon = 1e-6,
          .default_tied = false};
}

constexpr ConfigKeys kOptKeys = {.activation = "activation_function", .default_activation = "relu"};
constexpr ConfigKeys kBloomKeys = {.hidden = {"hidden_size", "n_embed"},
                                   .layers = {"n_layer", "num_hidden_layers"},
                                   .heads = {"n_head", "num_attention_heads"},
                                   .positions = {"seq_length", {}},
                                   .default_activation = "gelu_pytorch_tanh",
                                   .epsilon = "layer_norm_epsilon"};
constexpr ConfigKeys kGpt2Keys = {.hidden = {"n_embd", "hidden_size"},
                                  .layers = {"n_layer", "num_hidden_layers"},
                                  .heads = {"n_head", "num_attention_heads"},
                                  .positions = {"n_positions", "max_position_embeddings"},
                                  .default_positions = 1024,
                                  .activation = "activation_function",
                                  .default_activation = "gelu_new",
                                  .epsilon = "layer_norm_epsilon"};
constexpr ConfigKeys kNeoxKeys = {.activation = "hidden_act",
                                  .default_activation = "gelu",
                                  .epsilon = "layer_norm_eps",
                                  .default_tied = false};

constexpr std::array<Family, 8> kFamilies = {{
    {"opt", "OPTForCausalLM", kOptKeys, kOptNames},
    {"bloom", "BloomForCausalLM", kBloomKeys, kBloomNames},
    {"llama", "LlamaForCausalLM", llama_keys(2048), kLlamaNames},
    {"mistral", "MistralForCausalLM", llama_keys(131072), kLlamaNames},
    {"qwen2", "Qwen2ForCausalLM", llama_keys(32768), kLlamaNames},
    {"qwen3", "Qwen3ForCausalLM", llama_keys(32768), kLlamaNames},
    {"gpt2", "GPT2LMHeadModel", kGpt2Keys, kGpt2Names},
    {"gpt_neox", "GPTNeoXForCausalLM", kNeoxKeys, kNeoxNames},
}};

}  // namespace

std::span<const Family> families() {
  return kFamilies;
}

std::string family_list() {
  std::string names;
  for (const Family& family : kFamilies)
    names += (names.empty() ? "" : ", ") + std::string(family.model_type);
  return names;
}

const Family& family_of(std::string_view model_type) {
  for (const Family& family : kFamilies) {
    if (family.model_type == model_type) return family;
  }
  fail(Errc::Unsupported, "model", "model_type \"", model_type, "\"; supported are ", family_list());
}

}  // namespace lateral::model
