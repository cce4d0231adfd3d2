#pragma once
// What tells the families apart: names of tensors in files and of values in config.json. Data, not classes.

#include <array>
#include <string_view>

namespace lateral::model {

/// Tensor names without ".weight" / ".bias". Block names follow `block_prefix` and the block's number and a
/// dot. An empty name: the family has no such tensor.
struct FamilyNames {
  std::string_view family;
  std::string_view tokens, positions, project_in, project_out, final_norm, head;
  std::string_view block_prefix;
  std::string_view attention_norm, q, k, v, output, ffn_norm, gate, up, down;
};

inline constexpr std::array<FamilyNames, 2> kFamilies = {{
    {.family = "opt",
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
     .gate = "",
     .up = "fc1",
     .down = "fc2"},
    {.family = "llama",
     .tokens = "model.embed_tokens",
     .positions = "",
     .project_in = "",
     .project_out = "",
     .final_norm = "model.norm",
     .head = "lm_head",
     .block_prefix = "model.layers.",
     .attention_norm = "input_layernorm",
     .q = "self_attn.q_proj",
     .k = "self_attn.k_proj",
     .v = "self_attn.v_proj",
     .output = "self_attn.o_proj",
     .ffn_norm = "post_attention_layernorm",
     .gate = "mlp.gate_proj",
     .up = "mlp.up_proj",
     .down = "mlp.down_proj"},
}};

/// Throws Unsupported, naming the families there are.
const FamilyNames& names_of(std::string_view family);

}  // namespace lateral::model
