#include "plugins/vision/spec.hpp"

#include <optional>
#include <utility>

#include "core/base/error.hpp"
#include "core/format/json.hpp"

namespace lateral::plugins {
namespace {

using format::json::Kind;
using format::json::Value;

constexpr std::int64_t kMaxWidth = 16384;
constexpr std::int64_t kMaxLayers = 512;
constexpr std::int64_t kMaxImage = 4096;

constexpr WeightNames kVitNames{.class_token = "embeddings.cls_token",
                                .distillation = "embeddings.distillation_token",
                                .positions = "embeddings.position_embeddings",
                                .patch = "embeddings.patch_embeddings.projection",
                                .pre_norm = "",
                                .block = "encoder.layer.",
                                .norm1 = "layernorm_before",
                                .query = "attention.attention.query",
                                .key = "attention.attention.key",
                                .value = "attention.attention.value",
                                .out = "attention.output.dense",
                                .scale1 = "layer_scale1.lambda1",
                                .norm2 = "layernorm_after",
                                .up = "intermediate.dense",
                                .down = "output.dense",
                                .scale2 = "layer_scale2.lambda1",
                                .final_norm = "layernorm",
                                .gate = ""};

constexpr WeightNames kClipNames{.class_token = "embeddings.class_embedding",
                                 .distillation = "",
                                 .positions = "embeddings.position_embedding.weight",
                                 .patch = "embeddings.patch_embedding",
                                 .pre_norm = "pre_layrnorm",  // sic
                                 .block = "encoder.layers.",
                                 .norm1 = "layer_norm1",
                                 .query = "self_attn.q_proj",
                                 .key = "self_attn.k_proj",
                                 .value = "self_attn.v_proj",
                                 .out = "self_attn.out_proj",
                                 .scale1 = "",
                                 .norm2 = "layer_norm2",
                                 .up = "mlp.fc1",
                                 .down = "mlp.fc2",
                                 .scale2 = "",
                                 .final_norm = "post_layernorm",
                                 .gate = ""};

VisionSpec usual_vit() {
  VisionSpec spec;
  spec.family = "vit";
  spec.names = kVitNames;
  return spec;
}

VisionSpec usual_deit() {
  VisionSpec spec = usual_vit();
  spec.family = "deit";
  spec.distillation = true;
  return spec;
}

VisionSpec usual_dinov2() {
  VisionSpec spec = usual_vit();
  spec.family = "dinov2";
  spec.patch = {14, 14};
  spec.epsilon = 1e-6;
  spec.layer_scale = true;
  spec.sizes = Sizes::Any;
  spec.names.norm1 = "norm1";
  spec.names.norm2 = "norm2";
  spec.names.up = "mlp.fc1";
  spec.names.down = "mlp.fc2";
  return spec;
}

VisionSpec usual_clip() {
  VisionSpec spec;
  spec.family = "clip_vision_model";
  spec.patch = {32, 32};
  spec.epsilon = 1e-5;
  spec.activation = Activation::QuickGelu;
  spec.patch_bias = false;
  spec.pre_norm = true;
  spec.free_heads = false;
  spec.batched_names = false;
  spec.names = kClipNames;
  return spec;
}

VisionSpec usual_siglip() {
  VisionSpec spec;
  spec.family = "siglip_vision_model";
  spec.epsilon = 1e-6;
  spec.activation = Activation::GeluTanh;
  spec.class_token = false;
  spec.sizes = Sizes::AsMany;
  spec.free_heads = false;
  spec.pooling_head = true;
  spec.batched_names = false;
  spec.names = kClipNames;
  return spec;
}

struct Family {
  std::string_view model_type;
  std::string_view section;      ///< of config.json; empty = all of it
  std::string_view old_section;  ///< where it is there, it counts; empty = none
  VisionSpec (*usual)();
};
constexpr Family kFamilies[] = {{"vit", "", "", &usual_vit},
                                {"deit", "", "", &usual_deit},
                                {"dinov2", "", "", &usual_dinov2},
                                {"clip", "vision_config", "vision_config_dict", &usual_clip},
                                {"clip_vision_model", "", "", &usual_clip},
                                {"siglip", "vision_config", "", &usual_siglip},
                                {"siglip_vision_model", "", "", &usual_siglip}};

const Family& family_of(const Value& config) {
  const auto type = config.at("model_type");
  std::string known;
  for (const auto& family : kFamilies) {
    if (type.as_string() == family.model_type) return family;
    known += (known.empty() ? "" : ", ") + std::string(family.model_type);
  }
  fail(Errc::Unsupported, "vision", type.place(), ": \"", type.as_string().substr(0, 64),
       "\" is none of: ", known);
}

/// transformers replaces all values of vision_config by what vision_config_dict makes, those that it leaves out included.
Value section_of(const Value& file, const Family& family, const std::filesystem::path& path) {
  if (family.section.empty()) return file;
  for (const auto key : {family.old_section, family.section}) {
    if (auto section = key.empty() ? std::nullopt : file.find(key)) return *std::move(section);
  }
  return format::json::parse("{}", path.string());
}

void read_size(const Value& config, std::string_view key, Extent& size) {
  const auto value = config.find(key);
  if (!value) return;
  if (value->is(Kind::Array) && value->size() == 2) {
    size = {(*value)[0].as_int(1, kMaxImage), (*value)[1].as_int(1, kMaxImage)};
  } else {
    size = {value->as_int(1, kMaxImage), value->as_int(1, kMaxImage)};
  }
}

void read_count(const Value& config, std::string_view key, std::int64_t most, std::int64_t& count) {
  if (const auto value = config.find(key)) count = value->as_int(1, most);
}

/// DINOv2 has no intermediate_size, and its gated form keeps two thirds of the width, in eights.
void read_inner(const Value& config, VisionSpec& spec) {
  if (spec.family != "dinov2") return read_count(config, "intermediate_size", 8 * kMaxWidth, spec.inner);
  const double ratio = config.get("mlp_ratio", 4.0);
  if (!(ratio > 0 && ratio <= 64)) config.at("mlp_ratio").reject("a number above 0, at most 64");
  spec.inner = static_cast<std::int64_t>(static_cast<double>(spec.width) * ratio);
  spec.gated = config.get("use_swiglu_ffn", false);
  if (!spec.gated) return;
  spec.inner = (static_cast<std::int64_t>(static_cast<double>(spec.inner * 2) / 3) + 7) / 8 * 8;
  spec.names.up = "mlp.weights_in";
  spec.names.down = "mlp.weights_out";
}

void read_heads(const Value& config, VisionSpec& spec) {
  read_count(config, "num_attention_heads", kMaxWidth, spec.heads);
  spec.head_width = spec.width / spec.heads;
  if (spec.free_heads) {
    spec.qkv_bias = config.get("qkv_bias", true);
    read_count(config, "head_dim", kMaxWidth, spec.head_width);
    if (config.find("head_dim")) return;
  }
  if (spec.head_width * spec.heads != spec.width) {
    fail(Errc::Corrupt, "vision", config.place(), ": hidden_size ", spec.width,
         " is not a multiple of num_attention_heads ", spec.heads);
  }
}

void read_shape(const Value& config, VisionSpec& spec) {
  read_count(config, "hidden_size", kMaxWidth, spec.width);
  read_count(config, "num_hidden_layers", kMaxLayers, spec.layers);
  read_heads(config, spec);
  read_size(config, "image_size", spec.image);
  read_size(config, "patch_size", spec.patch);
  if (spec.patch.height > spec.image.height || spec.patch.width > spec.image.width)
    fail(Errc::Corrupt, "vision", config.place(), ": patch_size is larger than image_size");
}

/// Of ViT, DeiT and DINOv2, as save_pretrained(save_original_format=False) writes them; others have one set of names.
WeightNames module_names_of(const VisionSpec& spec) {
  WeightNames names = spec.names;
  if (!spec.free_heads) return names;
  names.query = "attention.q_proj";
  names.key = "attention.k_proj";
  names.value = "attention.v_proj";
  names.out = "attention.o_proj";
  names.up = spec.gated ? "mlp.up_proj" : "mlp.fc1";
  names.down = spec.gated ? "mlp.down_proj" : "mlp.fc2";
  if (spec.gated) names.gate = "mlp.gate_proj";
  if (spec.family != "dinov2") names.block = "layers.";
  return names;
}

}  // namespace

VisionSpec read_vision_spec(const std::filesystem::path& folder) {
  const auto path = folder / "config.json";
  const auto file = format::json::read_file(path);
  const Family& family = family_of(file);
  const Value config = section_of(file, family, path);
  VisionSpec spec = family.usual();
  if (config.get("num_channels", 3) != 3)
    fail(Errc::Unsupported, "vision", config.place(), ": num_channels must be 3, pictures are RGB");
  read_shape(config, spec);
  read_inner(config, spec);
  spec.epsilon = config.get("layer_norm_eps", spec.epsilon);
  if (!(spec.epsilon >= 0 && spec.epsilon < 1)) config.at("layer_norm_eps").reject("a number from 0 to 1");
  spec.pooling_head = spec.pooling_head && config.get("vision_use_head", true);
  if (const auto name = config.find("hidden_act"))
    spec.activation = activation_named(name->as_string(), name->place());
  spec.module_names = module_names_of(spec);
  return spec;
}

void VisionSpec::add_to(Hash64& hash) const {
  hash.add(family).add(heads).add(head_width).add(epsilon).add(static_cast<std::int64_t>(activation));
  hash.add(image.height).add(image.width).add(patch.height).add(patch.width);
  // Adapters from before such a model had transformers' positions are for other tokens.
  if (sizes == Sizes::Any && image.height != image.width) hash.add("square positions");
}

}  // namespace lateral::plugins
