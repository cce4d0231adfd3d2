#include "core/model/gated_config.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "core/base/error.hpp"
#include "core/model/rotary_config.hpp"

namespace lateral::model {
namespace {

constexpr std::int64_t kQwenKvHeads = 32;

// A block as Llama has it: RMS norms, a gated FFN, biases where a file asks for them.
// Null says that each head has keys and values of its own; nothing at all says `kv_heads`, transformers' default of the
// family.
void read_gated(const ConfigValues& config, DecoderSpec& spec, std::int64_t head_dim, std::int64_t kv_heads) {
  spec.kv_heads =
      config.size("num_key_value_heads", config.mentions("num_key_value_heads") ? spec.heads : kv_heads);
  spec.head_dim = head_dim;
  spec.intermediate = config.size("intermediate_size");
  spec.rotary = read_rotary(config, spec);
}

std::int64_t own_head_dim(const ConfigValues& config, const DecoderSpec& spec) {
  return config.root().find("head_dim") ? config.size("head_dim") : equal_share(config, spec);
}

// The window of the blocks that have one; null says that none has, nothing at all that it is transformers' default.
std::optional<std::int64_t> window_of(const ConfigValues& config) {
  const bool none = config.mentions("sliding_window") && !config.root().find("sliding_window");
  return none ? std::nullopt : std::optional(config.size("sliding_window", 4096));
}

// A window that reaches back to the first position hides nothing.
void set_windows(DecoderSpec& spec, std::optional<std::int64_t> window, const std::vector<bool>& slides) {
  if (!window || *window >= spec.max_positions ||
      std::find(slides.begin(), slides.end(), true) == slides.end())
    return;
  for (const bool slide : slides) spec.windows.push_back(slide ? *window : 0);
}

std::vector<bool> sliding_blocks(const ConfigValues& config, const DecoderSpec& spec, bool used) {
  std::vector<bool> slides;
  const auto types = config.root().find("layer_types");
  if (!types) {
    const std::int64_t first = config.count("max_window_layers", 28);
    for (std::int64_t i = 0; i < std::min(spec.layers, kMaxLayers); ++i) slides.push_back(used && i >= first);
    return slides;
  }
  for (std::size_t i = 0; i < types->size(); ++i) {
    const auto type = (*types)[i].as_string();
    if (type != "full_attention" && type != "sliding_attention") {
      fail(Errc::Unsupported, "model", (*types)[i].place(), ": \"", type,
           "\"; supported are full_attention and sliding_attention");
    }
    slides.push_back(type == "sliding_attention");
  }
  if (static_cast<std::int64_t>(slides.size()) != spec.layers) {
    config.faults().add("layer_types has " + std::to_string(slides.size()) + " entries for " +
                        std::to_string(spec.layers) + " blocks");
  }
  return slides;
}

void read_qwen_windows(const ConfigValues& config, DecoderSpec& spec) {
  const bool used = config.flag("use_sliding_window", false);
  const auto slides = sliding_blocks(config, spec, used);
  if (used) {
    set_windows(spec, window_of(config), slides);
  } else if (std::find(slides.begin(), slides.end(), true) != slides.end()) {
    config.faults().add("layer_types names sliding_attention, but use_sliding_window is false");
  }
}

}  // namespace

std::int64_t equal_share(const ConfigValues& config, const DecoderSpec& spec) {
  if (spec.hidden % spec.heads != 0) {
    config.faults().add("hidden size " + std::to_string(spec.hidden) + " is no multiple of " +
                        std::to_string(spec.heads) + " heads");
  }
  return spec.hidden / spec.heads;
}

void read_llama(const ConfigValues& config, DecoderSpec& spec) {
  read_gated(config, spec, own_head_dim(config, spec), spec.heads);
  spec.qkv_bias = spec.output_bias = config.flag("attention_bias", false);
  spec.ffn_bias = config.flag("mlp_bias", false);
}

void read_mistral(const ConfigValues& config, DecoderSpec& spec) {
  read_gated(config, spec, own_head_dim(config, spec), 8);
  set_windows(spec, window_of(config),
              std::vector<bool>(static_cast<std::size_t>(std::min(spec.layers, kMaxLayers)), true));
}

void read_qwen2(const ConfigValues& config, DecoderSpec& spec) {
  read_gated(config, spec, own_head_dim(config, spec), kQwenKvHeads);
  spec.qkv_bias = true;
  read_qwen_windows(config, spec);
}

void read_qwen3(const ConfigValues& config, DecoderSpec& spec) {
  read_gated(config, spec, config.size("head_dim", 128), kQwenKvHeads);
  spec.qkv_bias = spec.output_bias = config.flag("attention_bias", false);
  spec.qk_norm = true;
  read_qwen_windows(config, spec);
}

}  // namespace lateral::model
