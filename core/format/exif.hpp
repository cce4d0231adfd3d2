#pragma once
// Which way up a JPEG is: cameras store the rows as the sensor has them and say in EXIF how they were held. Internal to
// core/format.

#include <cstddef>
#include <span>

#include "core/format/image.hpp"

namespace lateral::format::detail {

/// EXIF's orientation, 1 (upright) to 8, of the content of an APP1 marker: "Exif", two zeros and a TIFF header with its
/// first directory. 1 for what is something else, cut short or out of range: damaged EXIF costs no picture.
int exif_orientation(std::span<const std::byte> marker);

/// A picture that was stored with this orientation as a viewer shows it.
Image upright(Image image, int orientation);

}  // namespace lateral::format::detail
