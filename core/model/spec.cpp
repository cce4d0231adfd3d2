#include "core/model/spec.hpp"

#include <array>
#include <functional>
#include <initializer_list>
#include <optional>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/format/json.hpp"
#include "core/model/families.hpp"

namespace lateral::model {
namespace {

using format::json::Kind;
using format::json::Value;

// Of any one dimension: far beyond real models, and products fit.
constexpr std::int64_t kMaxSize = 1LL << 31;

/// Collects faults instead of stopping at the first, so that a person repairs a file once.
class Faults {
 public:
  void add(const std::string& fault) { text_ += (text_.empty() ? "" : "\n  ") + fault; }
  void stop_if_any(std::string_view source) const {
    if (!text_.empty()) fail(Errc::InvalidArgument, "model", source, ":\n  ", text_);
  }

 private:
  std::string text_;
};

constexpr std::array<std::pair<std::string_view, Activation>, 8> kActivations = {{
    {"relu", Activation::Relu},
    {"silu", Activation::Silu},
    {"swish", Activation::Silu},
    {"gelu", Activation::Gelu},
    {"gelu_new", Activation::GeluTanh},
    {"gelu_fast", Activation::GeluTanh},
    {"gelu_pytorch_tanh", Activation::GeluTanh},
    {"gelu_python", Activation::Gelu},
}};

/// Values of config.json with transformers' defaults where a file may leave them out.
class Config {
 public:
  Config(Value root, Faults& faults) : root_(std::move(root)), faults_(faults) {}

  std::int64_t size(std::string_view key, std::optional<std::int64_t> fallback = std::nullopt) const {
    const auto value = root_.find(key);
    if (!value && fallback) return *fallback;
    if (!value) {
      faults_.add(std::string(key) + " is missing");
      return 1;
    }
    return caught(std::int64_t{1}, [&] { return value->as_int(1, kMaxSize); });
  }
  double number(std::string_view key, double fallback) const {
    return caught(fallback, [&] { return root_.get(key, fallback); });
  }
  bool flag(std::string_view key, bool fallback) const {
    return caught(fallback, [&] { return root_.get(key, fallback); });
  }
  std::int64_t id(std::string_view key) const {
    const auto value = root_.find(key);
    return value ? caught(std::int64_t{-1}, [&] { return value->as_int(-1, kMaxSize); }) : -1;
  }
  std::vector<std::int64_t> ids(std::string_view key) const {
    return caught(std::vector<std::int64_t>{}, [&] { return read_ids(root_.find(key)); });
  }
  Activation activation(std::string_view key, std::string_view fallback) const {
    const std::string name = caught(std::string(fallback), [&] { return root_.get(key, fallback); });
    std::string known;
    for (const auto& [spelling, activation] : kActivations) {
      if (spelling == name) return activation;
      known += (known.empty() ? "" : ", ") + std::string(spelling);
    }
    fail(Errc::Unsupported, "model", root_.place(), ": ", key, " = \"", name, "\"; supported are ", known);
  }
  const Value& root() const { return root_; }

  static std::vector<std::int64_t> read_ids(const std::optional<Value>& value) {
    if (!value) return {};
    if (!value->is(Kind::Array)) return {value->as_int(0, kMaxSize)};
    std::vector<std::int64_t> ids;
    for (std::size_t i = 0; i < value->size(); ++i) ids.push_back((*value)[i].as_int(0, kMaxSize));
    return ids;
  }

 private:
  template <typename T, typename Read>
  T caught(T fallback, const Read& read) const {
    try {
      return read();
    } catch (const Error& error) {
      faults_.add(error.what());
      return fallback;
    }
  }

  Value root_;
  Faults& faults_;
};

void read_common(const Config& config, DecoderSpec& spec) {
  spec.vocab = config.size("vocab_size");
  spec.hidden = config.size("hidden_size");
  spec.layers = config.size("num_hidden_layers");
  spec.heads = config.size("num_attention_heads");
  spec.max_positions = config.size("max_position_embeddings", 2048);
  spec.bos = config.id("bos_token_id");
  spec.pad = config.id("pad_token_id");
  spec.eos = config.ids("eos_token_id");
}

DecoderSpec read_opt(const Config& config) {
  DecoderSpec spec;
  spec.family = "opt";
  read_common(config, spec);
  spec.kv_heads = spec.heads;
  spec.head_dim = spec.hidden / spec.heads;
  spec.intermediate = config.size("ffn_dim", 3072);
  spec.embedding_width = config.size("word_embed_proj_dim", spec.hidden);
  spec.norm = NormKind::Layer;
  spec.norm_epsilon = 1e-5;
  spec.norm_affine = config.flag("layer_norm_elementwise_affine", true);
  spec.pre_norm = config.flag("do_layer_norm_before", true);
  spec.final_norm = spec.pre_norm && !config.flag("_remove_final_layer_norm", false);
  spec.positions = PositionKind::Learned;
  spec.position_offset = 2;
  spec.activation = config.activation("activation_function", "relu");
  spec.gated_ffn = false;
  spec.qkv_bias = spec.output_bias = spec.ffn_bias = config.flag("enable_bias", true);
  spec.tied_head = config.flag("tie_word_embeddings", true);
  return spec;
}

// transformers 4 writes rope_theta beside rope_scaling, transformers 5 both inside rope_parameters.
RotarySpec read_rotary(const Config& config, std::int64_t max_positions, Faults& faults) {
  const Value& root = config.root();
  std::optional<Value> inner = root.find("rope_parameters");
  if (!inner) inner = root.find("rope_scaling");
  RotarySpec rotary;
  rotary.theta = config.number("rope_theta", 10000.0);
  if (!inner) return rotary;
  const Config scaling(*inner, faults);
  rotary.theta = scaling.number("rope_theta", rotary.theta);
  const std::string type = inner->get("rope_type", inner->get("type", "default"));
  if (scaling.number("partial_rotary_factor", 1.0) != 1.0) {
    fail(Errc::Unsupported, "model", inner->place(), ": partial_rotary_factor must be 1 for this family");
  }
  if (type == "default") return rotary;
  rotary.factor = scaling.number("factor", 1.0);
  if (type == "linear") {
    rotary.scaling = RotarySpec::Scaling::Linear;
  } else if (type == "llama3") {
    rotary.scaling = RotarySpec::Scaling::Llama3;
    rotary.low_frequency_factor = scaling.number("low_freq_factor", 1.0);
    rotary.high_frequency_factor = scaling.number("high_freq_factor", 4.0);
    rotary.original_positions = scaling.size("original_max_position_embeddings", max_positions);
  } else {
    fail(Errc::Unsupported, "model", inner->place(), ": rope_type \"", type,
         "\"; supported are default, linear and llama3");
  }
  return rotary;
}

DecoderSpec read_llama(const Config& config, Faults& faults) {
  DecoderSpec spec;
  spec.family = "llama";
  read_common(config, spec);
  spec.kv_heads = config.size("num_key_value_heads", spec.heads);
  spec.head_dim = config.size("head_dim", spec.hidden / spec.heads);
  spec.intermediate = config.size("intermediate_size");
  spec.embedding_width = spec.hidden;
  spec.norm = NormKind::Rms;
  spec.norm_epsilon = config.number("rms_norm_eps", 1e-6);
  spec.positions = PositionKind::Rotary;
  spec.rotary = read_rotary(config, spec.max_positions, faults);
  spec.activation = config.activation("hidden_act", "silu");
  spec.gated_ffn = true;
  spec.qkv_bias = spec.output_bias = config.flag("attention_bias", false);
  spec.ffn_bias = config.flag("mlp_bias", false);
  spec.tied_head = config.flag("tie_word_embeddings", false);
  return spec;
}

void find_faults(const DecoderSpec& spec, Faults& faults) {
  const auto positive = [&](std::string_view name, std::int64_t value) {
    if (value < 1 || value > kMaxSize) faults.add(std::string(name) + " = " + std::to_string(value));
  };
  positive("layers", spec.layers);
  positive("hidden size", spec.hidden);
  positive("heads", spec.heads);
  positive("key/value heads", spec.kv_heads);
  positive("head width", spec.head_dim);
  positive("intermediate size", spec.intermediate);
  positive("vocabulary", spec.vocab);
  positive("positions", spec.max_positions);
  positive("embedding width", spec.embedding_width);
  if (spec.kv_heads > 0 && spec.heads % spec.kv_heads != 0) {
    faults.add(std::to_string(spec.heads) + " heads cannot share " + std::to_string(spec.kv_heads) +
               " key/value heads evenly");
  }
  if (spec.positions == PositionKind::Rotary && spec.head_dim % 2 != 0) {
    faults.add("rotary positions need an even head width, not " + std::to_string(spec.head_dim));
  }
  if (spec.positions == PositionKind::Learned && spec.heads > 0 &&
      spec.heads * spec.head_dim != spec.hidden) {
    faults.add("hidden size " + std::to_string(spec.hidden) + " is no multiple of " +
               std::to_string(spec.heads) + " heads");
  }
  if (!(spec.norm_epsilon > 0.0)) faults.add("the norm's epsilon must be positive");
  if (!(spec.rotary.theta > 0.0) || !(spec.rotary.factor > 0.0))
    faults.add("rope_theta and factor must be positive");
  for (const std::int64_t id : spec.eos) {
    if (id < 0 || id >= spec.vocab) faults.add("eos id " + std::to_string(id) + " is outside the vocabulary");
  }
}

}  // namespace

const FamilyNames& names_of(std::string_view family) {
  std::string known;
  for (const FamilyNames& names : kFamilies) {
    if (names.family == family) return names;
    known += (known.empty() ? "" : ", ") + std::string(names.family);
  }
  fail(Errc::Unsupported, "model", "model_type \"", family, "\"; supported are ", known);
}

void check_spec(const DecoderSpec& spec, std::string_view source) {
  names_of(spec.family);
  Faults faults;
  find_faults(spec, faults);
  faults.stop_if_any(source);
}

DecoderSpec parse_spec(std::string_view json, std::string_view source) {
  Faults faults;
  const Config config(format::json::parse(json, std::string(source)), faults);
  const std::string family = config.root().get("model_type", "");
  names_of(family);
  DecoderSpec spec = family == "opt" ? read_opt(config) : read_llama(config, faults);
  faults.stop_if_any(source);
  check_spec(spec, source);
  return spec;
}

DecoderSpec read_spec(const std::filesystem::path& config_json) {
  constexpr std::uint64_t kMaxBytes = 16ULL << 20U;
  return parse_spec(read_text(config_json, kMaxBytes), config_json.string());
}

}  // namespace lateral::model
