#pragma once
// The two picture libraries, each behind one function. Internal to core/format; others include image.hpp.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/format/image.hpp"

namespace lateral::format::detail {

/// Throws ResourceExhausted above the limits of image.hpp, Corrupt for an empty side. `capacity` is the most
/// pixels that the file's bytes can possibly hold: a short file cannot make us allocate a large picture.
void check_image_size(std::int64_t width, std::int64_t height, std::int64_t capacity, std::string_view name);

Image decode_jpeg(std::span<const std::byte> bytes, std::string_view name);
Image decode_png(std::span<const std::byte> bytes, std::string_view name);

}  // namespace lateral::format::detail
