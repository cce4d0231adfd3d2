#include "core/format/exif.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "core/format/picture_filter.hpp"

namespace lateral::format::detail {
namespace {

constexpr int kUpright = 1;

/// Numbers of a TIFF file, in the order of bytes that its header names. What lies outside of it is not there.
class Tiff {
 public:
  Tiff(std::span<const std::byte> bytes, bool big_endian) : bytes_(bytes), big_endian_(big_endian) {}

  std::optional<std::uint32_t> u16(std::size_t at) const { return number(at, 2); }
  std::optional<std::uint32_t> u32(std::size_t at) const { return number(at, 4); }

 private:
  std::optional<std::uint32_t> number(std::size_t at, std::size_t size) const {
    if (at > bytes_.size() || bytes_.size() - at < size) return std::nullopt;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i)
      value = value << 8U | std::to_integer<std::uint32_t>(bytes_[at + (big_endian_ ? i : size - 1 - i)]);
    return value;
  }

  std::span<const std::byte> bytes_;
  bool big_endian_;
};

template <std::size_t N>
bool starts_with(std::span<const std::byte> bytes, const std::array<char, N>& start) {
  return bytes.size() >= N &&
         std::equal(start.begin(), start.end(), bytes.begin(),
                    [](char wanted, std::byte is) { return static_cast<std::byte>(wanted) == is; });
}

/// The orientation that the first directory of the file has.
std::optional<std::uint32_t> orientation_in(const Tiff& tiff) {
  constexpr std::size_t kEntryBytes = 12;
  constexpr std::uint32_t kMagic = 42, kOrientation = 0x0112, kShort = 3;
  if (tiff.u16(2) != kMagic) return std::nullopt;
  const auto directory = tiff.u32(4);
  const std::uint32_t entries = directory ? tiff.u16(*directory).value_or(0) : 0;
  for (std::uint32_t i = 0; i < entries; ++i) {
    const std::size_t entry = *directory + 2 + i * kEntryBytes;
    const auto tag = tiff.u16(entry);
    if (!tag) return std::nullopt;
    if (tag == kOrientation && tiff.u16(entry + 2) == kShort && tiff.u32(entry + 4) == 1U)
      return tiff.u16(entry + 8);
  }
  return std::nullopt;
}

void swap_left_and_right(Image& image) {
  const auto width = static_cast<std::size_t>(image.width);
  for (std::size_t y = 0; y < static_cast<std::size_t>(image.height); ++y) {
    std::uint8_t* const row = image.rgb.data() + 3 * y * width;
    for (std::size_t x = 0; x < width / 2; ++x)
      std::swap_ranges(row + 3 * x, row + 3 * x + 3, row + 3 * (width - 1 - x));
  }
}

void swap_top_and_bottom(Image& image) {
  const auto height = static_cast<std::size_t>(image.height), row = 3 * static_cast<std::size_t>(image.width);
  for (std::size_t y = 0; y < height / 2; ++y) {
    std::uint8_t* const upper = image.rgb.data() + y * row;
    std::swap_ranges(upper, upper + row, image.rgb.data() + (height - 1 - y) * row);
  }
}

}  // namespace

int exif_orientation(std::span<const std::byte> marker) {
  constexpr std::array<char, 6> kExif{'E', 'x', 'i', 'f', 0, 0};
  if (!starts_with(marker, kExif)) return kUpright;
  const auto file = marker.subspan(kExif.size());
  const bool big_endian = starts_with(file, std::array{'M', 'M'});
  if (!big_endian && !starts_with(file, std::array{'I', 'I'})) return kUpright;
  const auto orientation = orientation_in(Tiff(file, big_endian)).value_or(kUpright);
  return orientation >= 1 && orientation <= 8 ? static_cast<int>(orientation) : kUpright;
}

// What EXIF says is where the stored first row and column belong: 5 to 8 make columns of rows, and then one side or both
// may be the other way round.
Image upright(Image image, int orientation) {
  if (orientation >= 5) image = transposed(image);
  if (orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7)
    swap_left_and_right(image);
  if (orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8)
    swap_top_and_bottom(image);
  return image;
}

}  // namespace lateral::format::detail
