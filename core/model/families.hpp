#pragma once
// What tells the families apart: names of tensors in files and of values in config.json. Data, not classes.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/model/spec.hpp"

namespace lateral::model {

/// Tensor names without ".weight" / ".bias". Block names follow `block_prefix` and the block's number and a
/// dot. An empty name: the family has no such tensor.
struct TensorNames {
  std::string_view base;  ///< what files of the bare model (without its head) leave out in front
  std::string_view tokens = {}, positions = {}, project_in = {}, project_out = {};
  std::string_view embedding_norm = {}, final_norm = {}, head = {};
  std::string_view head_also = {};  ///< another spelling in files
  std::string_view block_prefix = {};
  std::string_view attention_norm = {}, q = {}, k = {}, v = {}, q_norm = {}, k_norm = {}, output = {};
  std::string_view ffn_norm = {}, gate = {}, up = {}, down = {};
  /// Instead of q, k and v: one tensor, laid out as `qkv_layout`.
  std::string_view qkv = {};
  QkvLayout qkv_layout = QkvLayout::Separate;
  bool input_major = false;  ///< linear weights of blocks are [in, out]
  /// Ends of names that files may hold beside the weights: masks and tables that old versions saved.
  std::array<std::string_view, 3> buffers = {};
};

/// A value's name in config.json, and another spelling that transformers accepts.
struct ConfigKey {
  std::string_view name, also;
};

/// Names of the values that every family has, with transformers' defaults.
struct ConfigKeys {
  ConfigKey hidden = {"hidden_size", {}};
  ConfigKey layers = {"num_hidden_layers", {}};
  ConfigKey heads = {"num_attention_heads", {}};
  ConfigKey positions = {"max_position_embeddings", {}};
  std::int64_t default_positions = 2048;
  std::string_view activation = {};  ///< empty: always `default_activation`
  std::string_view default_activation = {};
  std::string_view epsilon = {};  ///< empty: always `default_epsilon`
  double default_epsilon = 1e-5;
  bool default_tied = true;
};

struct Family {
  std::string_view model_type;
  std::string_view architecture;
  ConfigKeys keys;
  TensorNames names;
};

std::span<const Family> families();
/// "opt, llama, ...": for messages.
std::string family_list();
/// Throws Unsupported, naming the families there are.
const Family& family_of(std::string_view model_type);

}  // namespace lateral::model
