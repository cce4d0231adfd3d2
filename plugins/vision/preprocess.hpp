#pragma once
// From the host's pictures to what an encoder was trained on, as its processor's file says: resize, centre crop, rescale,
// normalise. Bytes and floats are those of transformers' processors with the Pillow backend.

#include <ATen/core/Tensor.h>

#include <array>
#include <filesystem>
#include <optional>
#include <string_view>

#include <lateral/sdk/tensor.hpp>

#include "core/base/hash.hpp"
#include "plugins/vision/resize.hpp"

namespace lateral::plugins {

struct Extent {
  std::int64_t height = 0, width = 0;
  bool operator==(const Extent& other) const { return height == other.height && width == other.width; }
};

/// What each byte becomes, by channel.
using ByteValues = std::array<std::array<float, 256>, 3>;

class Preprocessing {
 public:
  /// Reads what FOLDER/processor_config.json says of an image processor, or else FOLDER/preprocessor_config.json. What is left
  /// out is as in the processor that is named there, or else in the usual one of `family`. Throws lateral::Error: NotFound, Corrupt, or Unsupported for steps that are not known here, and for those
  /// whose result has no fixed size.
  Preprocessing(const std::filesystem::path& folder, std::string_view family);

  /// What comes out, whatever goes in; nothing when pictures are taken in the size they have.
  const std::optional<Extent>& size() const noexcept { return size_; }
  /// RGB [views, height, width, 3] to float32 [views, 3, H, W]. Throws sdk::Error: LAT_INVALID_ARGUMENT for pictures without
  /// pixels, LAT_RESOURCE_EXHAUSTED for those that resizing would make too long.
  at::Tensor operator()(const sdk::View<const std::uint8_t>& views) const;

  void add_to(Hash64& hash) const;

 private:
  Extent resized(Extent picture) const;
  void write(const Picture& picture, float* to) const;

  std::optional<Extent> resize_;          // to exactly this
  std::optional<std::int64_t> shortest_;  // or the shorter side to this
  std::optional<Extent> crop_;
  std::optional<Extent> size_;
  Filter filter_ = Filter::Bicubic;
  ByteValues values_{};
};

}  // namespace lateral::plugins
