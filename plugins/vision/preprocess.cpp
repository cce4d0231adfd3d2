#include "plugins/vision/preprocess.hpp"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <string>

#include "core/base/error.hpp"
#include "core/format/json.hpp"
#include "plugins/torch/processor_config.hpp"

namespace lateral::plugins {
namespace {

using format::json::Kind;
using format::json::Value;

constexpr std::int64_t kMaxSide = 4096;
constexpr std::int64_t kMaxPixels = std::int64_t{1} << 26;

constexpr std::array<double, 3> kHalf{0.5, 0.5, 0.5};
constexpr std::array<double, 3> kClipMean{0.48145466, 0.4578275, 0.40821073};
constexpr std::array<double, 3> kClipStd{0.26862954, 0.26130258, 0.27577711};

/// What a processor does where its file is silent.
struct Processor {
  std::string_view type, family;
  std::int64_t size;
  bool square;             ///< that is both sides, or else the shorter one
  bool default_to_square;  ///< likewise of a size that is one number in the file
  bool crop;
  Filter filter;
  std::array<double, 3> mean, deviation;
};
constexpr Processor kProcessors[] = {
    {"ViT", "vit", 224, true, true, false, Filter::Bilinear, kHalf, kHalf},
    {"DeiT", "deit", 256, true, true, true, Filter::Bicubic, kHalf, kHalf},
    {"Bit", "dinov2", 224, false, false, true, Filter::Bicubic, kClipMean, kClipStd},
    {"CLIP", "clip", 224, false, false, true, Filter::Bicubic, kClipMean, kClipStd},
    {"Siglip", "siglip", 224, true, false, false, Filter::Bicubic, kHalf, kHalf},
};

Value read_config(const std::filesystem::path& folder) {
  if (auto config = read_processor_config(folder, {"image_processor"})) return *std::move(config);
  fail(Errc::NotFound, "vision", folder.string(),
       " holds neither a processor_config.json with an image_processor nor a preprocessor_config.json");
}

const Processor& processor_of(const Value& config, std::string_view family) {
  const auto named = config.find("image_processor_type");
  const auto type = named ? named : config.find("feature_extractor_type");
  std::string known;
  for (const auto& processor : kProcessors) {
    if (type ? type->as_string().starts_with(processor.type) : family.starts_with(processor.family))
      return processor;
    known += (known.empty() ? "" : ", ") + std::string(processor.type) + "ImageProcessor";
  }
  fail(Errc::Unsupported, "vision", type ? type->place() : config.place(),
       ": this processor is not one of: ", known);
}

Extent extent_of(const Value& value) {
  if (value.is(Kind::Integer)) return {value.as_int(1, kMaxSide), value.as_int(1, kMaxSide)};
  if (!value.is(Kind::Array))
    return {value.at("height").as_int(1, kMaxSide), value.at("width").as_int(1, kMaxSide)};
  if (value.size() != 2) value.reject("two sizes, height and width");
  return {value[0].as_int(1, kMaxSide), value[1].as_int(1, kMaxSide)};
}

/// What the shorter side becomes, where a picture keeps its proportions.
std::optional<std::int64_t> shortest_edge(const Value& config, const Processor& usual) {
  const auto size = config.find("size");
  if (!size) return usual.square ? std::nullopt : std::optional(usual.size);
  if (size->is(Kind::Integer)) {
    if (config.get("default_to_square", usual.default_to_square)) return std::nullopt;
    return size->as_int(1, kMaxSide);
  }
  const auto edge = size->is(Kind::Object) ? size->find("shortest_edge") : std::nullopt;
  if (!edge) return std::nullopt;
  if (size->find("longest_edge"))
    fail(Errc::Unsupported, "vision", size->place(), ": shortest_edge together with longest_edge");
  return edge->as_int(1, kMaxSide);
}

Filter filter_of(const Value& value) {
  const auto number = value.as_int();
  if (number >= 1 && number <= 3) return static_cast<Filter>(number);
  fail(Errc::Unsupported, "vision", value.place(), ": resample ", number,
       " is none of: 1 (Lanczos), 2 (bilinear), 3 (bicubic)");
}

std::array<double, 3> channels(const Value& config, std::string_view key,
                               const std::array<double, 3>& usual) {
  const auto value = config.find(key);
  if (!value) return usual;
  if (!value->is(Kind::Array)) return {value->as_double(), value->as_double(), value->as_double()};
  if (value->size() != 3) value->reject("three numbers, one a channel");
  return {(*value)[0].as_double(), (*value)[1].as_double(), (*value)[2].as_double()};
}

/// In the order and precision of the processor, so that not even the last bit differs.
ByteValues byte_values(const Value& config, const Processor& usual) {
  const bool normalize = config.get("do_normalize", true);
  const double factor = config.get("do_rescale", true) ? config.get("rescale_factor", 1.0 / 255.0) : 1.0;
  const auto mean = channels(config, "image_mean", usual.mean);
  const auto deviation = channels(config, "image_std", usual.deviation);
  ByteValues values{};
  for (std::size_t channel = 0; channel < 3; ++channel) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      float& value = values[channel][byte];
      value = static_cast<float>(static_cast<double>(byte) * factor);
      if (normalize)
        value = (value - static_cast<float>(mean[channel])) / static_cast<float>(deviation[channel]);
      if (!std::isfinite(value))
        fail(Errc::Corrupt, "vision", config.place(),
             ": its rescale_factor, image_mean and image_std overflow");
    }
  }
  return values;
}

}  // namespace

Preprocessing::Preprocessing(const std::filesystem::path& folder, std::string_view family) {
  const auto config = read_config(folder);
  const Processor& usual = processor_of(config, family);
  if (config.get("do_resize", true)) {
    const auto size = config.find("size");
    shortest_ = shortest_edge(config, usual);
    if (!shortest_) resize_ = size ? extent_of(*size) : Extent{usual.size, usual.size};
    const auto filter = config.find("resample");
    filter_ = filter ? filter_of(*filter) : usual.filter;
  }
  if (config.get("do_center_crop", usual.crop)) {
    const auto crop = config.find("crop_size");
    crop_ = crop ? extent_of(*crop) : Extent{224, 224};
  }
  if (config.get("do_pad", false)) fail(Errc::Unsupported, "vision", config.place(), ": do_pad");
  size_ = crop_ ? crop_ : resize_;
  if (shortest_ && !crop_) {
    fail(Errc::Unsupported, "vision", config.place(),
         ": a shortest_edge without do_center_crop gives every picture another number of tokens");
  }
  values_ = byte_values(config, usual);
}

Extent Preprocessing::resized(Extent picture) const {
  if (resize_) return *resize_;
  if (!shortest_) return picture;
  const std::int64_t shorter = std::min(picture.height, picture.width);
  const Extent next{*shortest_ * picture.height / shorter, *shortest_ * picture.width / shorter};
  if (next.height > kMaxPixels / next.width) {
    sdk::fail(LAT_RESOURCE_EXHAUSTED, "a picture of ", picture.height, " by ", picture.width,
              " pixels is too long: with its shorter side at ", *shortest_, " it would have ", next.height,
              " by ", next.width);
  }
  return next;
}

void Preprocessing::write(const Picture& picture, float* to) const {
  const Extent size = crop_.value_or(Extent{picture.height, picture.width});
  if (size.height > picture.height || size.width > picture.width) {
    sdk::fail(LAT_INVALID_ARGUMENT, "a picture of ", picture.height, " by ", picture.width,
              " pixels is smaller than the ", size.height, " by ", size.width, " that the encoder cuts out");
  }
  const std::int64_t top = (picture.height - size.height) / 2;
  const std::int64_t left = (picture.width - size.width) / 2;
  for (std::size_t channel = 0; channel < 3; ++channel) {
    for (std::int64_t y = top; y < top + size.height; ++y) {
      const auto* from =
          picture.pixels.data() + (y * picture.width + left) * 3 + static_cast<std::int64_t>(channel);
      for (std::int64_t x = 0; x < size.width; ++x, from += 3) *to++ = values_[channel][*from];
    }
  }
}

at::Tensor Preprocessing::operator()(const sdk::View<const std::uint8_t>& views) const {
  if (views.rank() != 4 || views.dim(3) != 3 || views.size() == 0)
    sdk::fail(LAT_INVALID_ARGUMENT, "pictures without pixels: RGB [views, height, width, 3] is needed");
  const Extent picture{views.dim(1), views.dim(2)};
  const Extent next = resized(picture);
  const Extent size = size_.value_or(next);
  at::Tensor out = at::empty({views.dim(0), 3, size.height, size.width}, at::kFloat);
  float* to = out.mutable_data_ptr<float>();
  for (std::int64_t view = 0; view < views.dim(0); ++view, to += 3 * size.height * size.width)
    write(resize(views.row(view), picture.height, picture.width, next.height, next.width, filter_), to);
  return out;
}

void Preprocessing::add_to(Hash64& hash) const {
  const auto add = [&](const std::optional<Extent>& extent) {
    hash.add(extent ? extent->height : 0).add(extent ? extent->width : 0);
  };
  add(resize_);
  add(crop_);
  hash.add(shortest_.value_or(0)).add(static_cast<std::int64_t>(filter_));
  for (const auto& channel : values_) hash.add(std::as_bytes(std::span(channel)));
}

}  // namespace lateral::plugins
