#include "core/format/image.hpp"

#include <algorithm>
#include <array>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/format/image_codecs.hpp"

namespace lateral::format {
namespace {

bool starts_with(std::span<const std::byte> bytes, std::initializer_list<int> magic) {
  return bytes.size() >= magic.size() &&
         std::equal(magic.begin(), magic.end(), bytes.begin(),
                    [](int a, std::byte b) { return a == static_cast<int>(b); });
}

}  // namespace

void detail::check_image_size(std::int64_t width, std::int64_t height, std::int64_t capacity,
                              std::string_view name) {
  if (width < 1 || height < 1) fail(Errc::Corrupt, "image", name, ": the picture has no pixels");
  if (width > kMaxImageSide || height > kMaxImageSide || width * height > kMaxImagePixels) {
    fail(Errc::ResourceExhausted, "image", name, " is ", width, "x", height, "; at most ", kMaxImageSide,
         " pixels a side and ", kMaxImagePixels, " in all are read");
  }
  if (width * height > capacity) {
    fail(Errc::Corrupt, "image", name, " promises ", width, "x", height,
         " pixels, more than its bytes can hold");
  }
}

Image decode_image(std::span<const std::byte> bytes, std::string_view name) {
  if (starts_with(bytes, {0xFF, 0xD8, 0xFF})) return detail::decode_jpeg(bytes, name);
  if (starts_with(bytes, {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'}))
    return detail::decode_png(bytes, name);
  if (bytes.empty()) fail(Errc::Corrupt, "image", name, " is empty");
  fail(Errc::Unsupported, "image", name, " is neither JPEG nor PNG (told by its first bytes)");
}

Image read_image(const std::filesystem::path& path) {
  return decode_image(read_bytes(path, kMaxImageBytes), path.string());
}

}  // namespace lateral::format
