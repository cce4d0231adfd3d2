#pragma once
// What every decoded picture must be.

#include "core/format/image.hpp"
#include "tests/fuzz/target.hpp"

namespace lateral::fuzz {

inline void use_picture(Input input) {
  const auto image = format::decode_image(input, "a picture");
  require(image.width >= 1 && image.height >= 1, "a picture has pixels");
  const auto pixels = static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height);
  require(image.rgb.size() == pixels * 3, "three bytes a pixel");
  if (pixels > 4096) return;  // writing large ones would be most of the work
  const auto again = format::decode_image(format::encode_png(image), "a written picture");
  require(again.rgb == image.rgb && again.width == image.width, "a written picture reads the same");
}

}  // namespace lateral::fuzz
