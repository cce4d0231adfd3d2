#pragma once
// Pictures as the plugins see them: RGB, eight bits, rows from the top. The format is told by the first
// bytes, never by the file's name. Input is hostile until decoded: sizes are bounded before anything is allocated.
// Thread safety: all functions may be called from any thread.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace lateral::format {

struct Image {
  int height = 0, width = 0;
  std::vector<std::uint8_t> rgb;  ///< [height, width, 3], no padding
};

/// Larger pictures are refused: a camera makes no side of this length, and a hostile header costs nothing.
inline constexpr int kMaxImageSide = 16384;
inline constexpr std::int64_t kMaxImagePixels = 64LL << 20U;
inline constexpr std::uint64_t kMaxImageBytes = 256ULL << 20U;  ///< of a file

/// Decodes JPEG or PNG. A JPEG is turned upright, as its EXIF says the camera was held: height and width are those of the
/// turned picture. Grey and palette pictures become RGB, sixteen bits become eight, and transparency is
/// dropped (the colour stays as it was stored). `name` is for messages, e.g. the file's path. Throws
/// Unsupported (another format; CMYK), Corrupt (truncated or damaged data, also where a viewer would show
/// half a picture), ResourceExhausted (above the limits).
Image decode_image(std::span<const std::byte> bytes, std::string_view name);

/// decode_image of a file of at most 256 MiB. Throws NotFound and Io as well.
Image read_image(const std::filesystem::path& path);

/// A PNG file of the picture. Throws InvalidArgument when the sizes do not fit together or exceed the limits.
std::vector<std::byte> encode_png(const Image& image);

}  // namespace lateral::format
