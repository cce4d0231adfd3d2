#include "host/commands/encoder_folder.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "core/format/json.hpp"
#include "core/format/safetensors.hpp"
#include "host/describe.hpp"

namespace lateral::host {
namespace {

using format::json::Kind;
using format::json::Value;

struct KnownEncoder {
  std::string_view family, plugin;
  std::string_view part;  ///< the member of config.json that describes the encoder; empty: the whole file
};
constexpr std::array<KnownEncoder, 8> kKnown{{
    {"clip", "vision", "vision_config"},
    {"clip_vision_model", "vision", ""},
    {"deit", "vision", ""},
    {"dinov2", "vision", ""},
    {"siglip", "vision", "vision_config"},
    {"siglip_vision_model", "vision", ""},
    {"vit", "vision", ""},
    {"whisper", "whisper", ""},
}};
constexpr std::array<std::string_view, 9> kSizes{
    "hidden_size", "num_hidden_layers", "num_attention_heads",     "image_size",   "patch_size",
    "d_model",     "encoder_layers",    "encoder_attention_heads", "num_mel_bins",
};

void read_sizes(const Value& config, EncoderFolder& encoder) {
  for (const std::string_view name : kSizes) {
    const auto size = config.find(name);
    if (size && size->is(Kind::Integer)) encoder.sizes.emplace(name, size->as_int());
  }
}

void read_weights(const std::filesystem::path& folder, EncoderFolder& encoder) {
  const format::SafetensorsFolder files(folder);
  for (const format::TensorView* const tensor : files.tensors()) {
    ++encoder.tensors;
    ++encoder.tensors_by_type[std::string(format::name_of(tensor->dtype))];
    encoder.bytes += static_cast<std::int64_t>(tensor->bytes.size());
    encoder.parameters += tensor->elements();
  }
}

}  // namespace

std::optional<EncoderFolder> read_encoder_folder(const std::filesystem::path& folder) {
  const Value config = format::json::read_file(folder / "config.json");
  const std::string family = config.get("model_type", "");
  const auto* const known = std::find_if(
      kKnown.begin(), kKnown.end(), [&](const KnownEncoder& encoder) { return encoder.family == family; });
  if (known == kKnown.end()) return std::nullopt;
  EncoderFolder encoder{
      .family = family, .plugin = std::string(known->plugin), .sizes = {}, .tensors_by_type = {}};
  const auto part = known->part.empty() ? std::optional(config) : config.find(known->part);
  if (part) read_sizes(*part, encoder);
  read_weights(folder, encoder);
  return encoder;
}

std::string encoder_list() {
  std::string list;
  for (const KnownEncoder& encoder : kKnown) list += (list.empty() ? "" : ", ") + std::string(encoder.family);
  return list;
}

std::string text_of(const std::filesystem::path& folder, const EncoderFolder& encoder) {
  std::string text = folder.string() + ": " + encoder.family + ", an encoder for plugin " + encoder.plugin +
                     " (name the directory in its options), no language model";
  for (const auto& [name, size] : encoder.sizes) text += "\n  " + name + ": " + std::to_string(size);
  text += "\n  " + std::to_string(encoder.tensors) + " tensors, " +
          rounded(static_cast<double>(encoder.bytes) / 1e6, 1) + " MB of weights, " +
          rounded(static_cast<double>(encoder.parameters) / 1e6, 2) + " million parameters;";
  for (const auto& [type, count] : encoder.tensors_by_type)
    text += " " + type + " x " + std::to_string(count);
  return text + "\n  in float32: at most " + rounded(4e-6 * static_cast<double>(encoder.parameters), 1) +
         " MB of weights (a text part is not loaded)";
}

std::string json_of(const std::filesystem::path& folder, const EncoderFolder& encoder) {
  format::json::Writer json;
  json.begin_object()
      .member("folder", folder.string())
      .member("family", encoder.family)
      .member("encoder_for", encoder.plugin)
      .member("tensors", encoder.tensors)
      .member("bytes", encoder.bytes)
      .member("parameters", encoder.parameters);
  add_counts(json, "sizes", encoder.sizes);
  add_counts(json, "types", encoder.tensors_by_type);
  return std::move(json.end_object()).text();
}

}  // namespace lateral::host
