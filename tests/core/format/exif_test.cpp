#include "core/format/exif.hpp"

#include "tests/support/hostile.hpp"

using namespace lateral;
using format::Image;
using format::detail::exif_orientation;
using format::detail::upright;
using test::Bytes;

namespace {

/// The content of an APP1 marker whose directory has one entry before the orientation.
Bytes exif(bool big_endian, int orientation, int type = 3, int count = 1) {
  std::string text("Exif\0\0", 6);
  const auto number = [&](std::uint32_t value, int size) {
    for (int i = 0; i < size; ++i)
      text += static_cast<char>(value >> static_cast<unsigned>(8 * (big_endian ? size - 1 - i : i)));
  };
  text += big_endian ? "MM" : "II";
  number(42, 2);
  number(8, 4);  // where the directory begins
  number(2, 2);  // entries
  const auto entry = [&](int tag, int of_type, int values, int value) {
    number(static_cast<std::uint32_t>(tag), 2);
    number(static_cast<std::uint32_t>(of_type), 2);
    number(static_cast<std::uint32_t>(values), 4);
    number(static_cast<std::uint32_t>(value), 2);
    number(0, 2);
  };
  entry(0x0100, 3, 1, 7);
  entry(0x0112, type, count, orientation);
  number(0, 4);  // no further directory
  return test::to_bytes(text);
}

/// 2 rows of 3 pixels, each of one number: 1 2 3 / 4 5 6.
Image numbered() {
  Image image{2, 3, {}};
  for (std::uint8_t pixel = 1; pixel <= 6; ++pixel) image.rgb.insert(image.rgb.end(), 3, pixel);
  return image;
}

std::string rows_of(const Image& image) {
  std::string text;
  for (std::size_t i = 0; i < image.rgb.size(); i += 3) {
    if (i != 0 && i / 3 % static_cast<std::size_t>(image.width) == 0) text += '/';
    text += static_cast<char>('0' + image.rgb[i]);
  }
  return text;
}

}  // namespace

TEST_CASE("the orientation is read in both orders of bytes") {
  for (int orientation = 1; orientation <= 8; ++orientation) {
    CHECK(exif_orientation(exif(true, orientation)) == orientation);
    CHECK(exif_orientation(exif(false, orientation)) == orientation);
  }
}

TEST_CASE("what is no orientation leaves a picture as it is") {
  CHECK(exif_orientation({}) == 1);
  CHECK(exif_orientation(test::to_bytes("http://ns.adobe.com/xap/1.0/")) == 1);
  CHECK(exif_orientation(exif(true, 0)) == 1);
  CHECK(exif_orientation(exif(true, 9)) == 1);
  CHECK(exif_orientation(exif(true, 6, 2)) == 1);     // text
  CHECK(exif_orientation(exif(true, 6, 3, 2)) == 1);  // two of them
  Bytes other = exif(false, 6);
  other[6] = std::byte{'X'};  // neither order of bytes
  CHECK(exif_orientation(other) == 1);
  other = exif(false, 6);
  other[8] = std::byte{43};  // no TIFF
  CHECK(exif_orientation(other) == 1);
}

TEST_CASE("EXIF that is cut short or points elsewhere is read to its end and no further") {
  const Bytes whole = exif(false, 6);
  constexpr std::size_t kValue = 6 + 8 + 2 + 12 + 8 + 2;  // up to the last byte of the orientation
  for (std::size_t length = 0; length <= whole.size(); ++length) {
    CAPTURE(length);
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    CHECK(exif_orientation(cut) == (length < kValue ? 1 : 6));
  }
  for (const int place : {10, 14}) {  // where the directory begins, and how long it is
    Bytes hostile = whole;
    for (int i = 0; i < 2; ++i) hostile[static_cast<std::size_t>(place + i)] = std::byte{0xFF};
    CHECK_NOTHROW(exif_orientation(hostile));
  }
  test::check_flips(whole, [](std::span<const std::byte> bytes) {
    const int orientation = exif_orientation(bytes);
    CHECK((orientation >= 1 && orientation <= 8));
  });
}

TEST_CASE("each orientation is turned upright") {
  const auto turned = [](int orientation) { return rows_of(upright(numbered(), orientation)); };
  CHECK(turned(1) == "123/456");
  CHECK(turned(2) == "321/654");
  CHECK(turned(3) == "654/321");
  CHECK(turned(4) == "456/123");
  CHECK(turned(5) == "14/25/36");
  CHECK(turned(6) == "41/52/63");
  CHECK(turned(7) == "63/52/41");
  CHECK(turned(8) == "36/25/14");
}
