#include "core/format/image.hpp"

#include <jpeglib.h>
#include <fstream>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "core/base/file.hpp"
#include "tests/support/files.hpp"
#include "tests/support/hostile.hpp"

using namespace lateral;
using namespace lateral::format;
using test::Bytes;
using test::code_of;

namespace {

Image gradient(int height, int width) {
  Image image{height, width, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      image.rgb.push_back(static_cast<std::uint8_t>(255 * x / width));
      image.rgb.push_back(static_cast<std::uint8_t>(255 * y / height));
      image.rgb.push_back(static_cast<std::uint8_t>(x ^ y));
    }
  }
  return image;
}

/// A JPEG of `channels` (1 grey, 3 RGB, 4 CMYK) with a smooth ramp, and a marker APP1 where one is given.
Bytes make_jpeg(int height, int width, int channels, bool progressive = false, const std::string& app1 = "") {
  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors;
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* out = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&jpeg, &out, &size);
  jpeg.image_width = static_cast<JDIMENSION>(width);
  jpeg.image_height = static_cast<JDIMENSION>(height);
  jpeg.input_components = channels;
  jpeg.in_color_space = channels == 1 ? JCS_GRAYSCALE : channels == 3 ? JCS_RGB : JCS_CMYK;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, 95, TRUE);
  if (progressive) jpeg_simple_progression(&jpeg);
  jpeg_start_compress(&jpeg, TRUE);
  if (!app1.empty()) {
    jpeg_write_marker(&jpeg, JPEG_APP0 + 1, reinterpret_cast<const JOCTET*>(app1.data()),
                      static_cast<unsigned>(app1.size()));
  }
  std::vector<JSAMPLE> row(static_cast<std::size_t>(width * channels));
  for (int y = 0; y < height; ++y) {
    for (int i = 0; i < width * channels; ++i)
      row[static_cast<std::size_t>(i)] = static_cast<JSAMPLE>(2 * y + 40 * (i % channels));
    JSAMPROW pointer = row.data();
    jpeg_write_scanlines(&jpeg, &pointer, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  const auto* const first = reinterpret_cast<const std::byte*>(out);
  Bytes bytes(first, first + size);
  std::free(out);
  return bytes;
}

void decode(std::span<const std::byte> bytes) {
  decode_image(bytes, "test");
}

/// PNG chunks need a right checksum, so hostile ones are made by hand.
std::uint32_t crc(std::string_view text) {
  std::uint32_t value = 0xFFFFFFFF;
  for (const char c : text) {
    value ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1U) ^ ((value & 1U) != 0 ? 0xEDB88320U : 0U);
  }
  return ~value;
}

std::string big_endian(std::uint32_t value) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8)
    text.push_back(static_cast<char>(value >> static_cast<unsigned>(shift)));
  return text;
}

std::string png_chunk(const std::string& type, const std::string& data) {
  return big_endian(static_cast<std::uint32_t>(data.size())) + type + data + big_endian(crc(type + data));
}

/// Rows (each with its filter byte 0) in one stored deflate block: a PNG that no library of ours wrote.
Bytes make_png(std::uint32_t width, std::uint32_t height, int depth, int color, const std::string& rows,
               const std::string& extra = "") {
  std::uint32_t a = 1, b = 0;
  for (const char c : rows) {
    a = (a + static_cast<unsigned char>(c)) % 65521;
    b = (b + a) % 65521;
  }
  const auto length = static_cast<std::uint16_t>(rows.size());
  std::string zlib = "\x78\x01\x01";
  zlib += test::raw<std::uint16_t>({length, static_cast<std::uint16_t>(~length)}) + rows +
          big_endian(b << 16U | a);
  std::string header = big_endian(width) + big_endian(height);
  header += {static_cast<char>(depth), static_cast<char>(color), 0, 0, 0};
  return test::to_bytes("\x89PNG\r\n\x1a\n" + png_chunk("IHDR", header) + extra + png_chunk("IDAT", zlib) +
                        png_chunk("IEND", ""));
}

}  // namespace

TEST_CASE("bytes that are no picture are refused by what they are, whatever the name says") {
  CHECK(code_of([] { decode(test::to_bytes("GIF89a..........")); }) == Errc::Unsupported);
  CHECK(code_of([] { decode({}); }) == Errc::Corrupt);
  const test::TemporaryFolder folder;
  CHECK(code_of([&] { read_image(folder / "missing.jpg"); }) == Errc::NotFound);
  const Bytes png = encode_png(gradient(3, 5));
  test::write_file(folder / "really-png.jpg", {reinterpret_cast<const char*>(png.data()), png.size()});
  CHECK(read_image(folder / "really-png.jpg").width == 5);
}

TEST_CASE("a picture cut anywhere is refused") {
  test::check_truncations(encode_png(gradient(40, 60)), decode);
  test::check_truncations(make_jpeg(64, 96, 3), decode);
  test::check_truncations(make_jpeg(64, 96, 3, true), decode);
  const Bytes whole = make_jpeg(64, 96, 3);
  CHECK(code_of([&] { decode(std::span(whole).first(whole.size() / 2)); }) == Errc::Corrupt);
}

TEST_CASE("damaged pictures give an error or a picture and nothing else") {
  test::check_flips(encode_png(gradient(40, 60)), decode);
  test::check_flips(make_jpeg(64, 96, 3), decode);
  test::check_flips(make_jpeg(64, 96, 3, true), decode);
}

TEST_CASE("a small file that promises a huge picture is refused before memory is taken") {
  CHECK(code_of([] { decode(make_png(20000, 4, 8, 2, "")); }) == Errc::ResourceExhausted);
  CHECK(code_of([] { decode(make_png(16000, 16000, 8, 2, "")); }) == Errc::ResourceExhausted);
  CHECK(code_of([] { decode(make_png(8000, 8000, 8, 2, "")); }) == Errc::Corrupt);
  CHECK(code_of([] { decode(make_png(0, 4, 8, 2, "")); }) == Errc::Corrupt);
  Bytes jpeg = make_jpeg(64, 96, 3);
  for (std::size_t i = 0; i + 9 < jpeg.size(); ++i) {
    if (jpeg[i] == std::byte{0xFF} && jpeg[i + 1] == std::byte{0xC0}) {
      jpeg[i + 5] = std::byte{0x1F};  // height 0x1F40 = 8000
      jpeg[i + 7] = std::byte{0x1F};
      break;
    }
  }
  CHECK(code_of([&] { decode(jpeg); }) == Errc::Corrupt);
}

TEST_CASE("CMYK is refused with the reason") {
  const auto error = test::thrown_by([] { decode(make_jpeg(16, 16, 4)); });
  CHECK(error.code == Errc::Unsupported);
  CHECK(error.message.find("CMYK") != std::string::npos);
}

TEST_CASE("a chunk that claims gigabytes of text takes none") {
  const auto peak = [] {
    std::ifstream status("/proc/self/status");
    std::string word;
    while (status >> word && word != "VmPeak:") {
    }
    std::int64_t kib = 0;
    status >> kib;
    return kib;
  };
  std::string text = png_chunk("zTXt", std::string("k\0\0", 3));
  text.replace(0, 4, "\x73\x50\x4C\x54");  // 1.9 GB
  const Bytes png = make_png(1, 1, 8, 0, {0, 7}, text);
  const auto before = peak();
  CHECK(code_of([&] { decode(png); }) == Errc::Corrupt);
  CHECK(peak() - before < 256 * 1024);
}

TEST_CASE("a picture written as PNG is read back bit for bit") {
  const Image image = gradient(37, 53);
  const Image again = decode_image(encode_png(image), "test");
  CHECK(again.height == 37);
  CHECK(again.width == 53);
  CHECK(again.rgb == image.rgb);
}

TEST_CASE("a picture whose sizes do not fit together is not written") {
  CHECK(code_of([] { encode_png({2, 2, {1, 2, 3}}); }) == Errc::InvalidArgument);
  CHECK(code_of([] { encode_png({0, 0, {}}); }) == Errc::InvalidArgument);
}

TEST_CASE("grey, palette, transparent and sixteen-bit PNGs become RGB") {
  using Rgb = std::vector<std::uint8_t>;
  CHECK(decode_image(make_png(2, 1, 8, 0, {0, 7, 9}), "grey").rgb == Rgb{7, 7, 7, 9, 9, 9});
  CHECK(decode_image(make_png(8, 1, 1, 0, {0, static_cast<char>(0x80)}), "one bit").rgb[0] == 255);
  const std::string palette = png_chunk("PLTE", {1, 2, 3, 4, 5, 6});
  CHECK(decode_image(make_png(2, 1, 8, 3, {0, 1, 0}, palette), "palette").rgb == Rgb{4, 5, 6, 1, 2, 3});
  CHECK(decode_image(make_png(1, 1, 8, 6, {0, 10, 20, 30, 0}), "transparent").rgb == Rgb{10, 20, 30});
  // 16 bits are scaled, v * 255 / 65535 rounded: 0x0180 is 1.49.
  CHECK(decode_image(make_png(1, 1, 16, 2, {0, 1, static_cast<char>(0x7F), 2, 2, 3, 3}), "deep").rgb ==
        Rgb{1, 2, 3});
}

TEST_CASE("a JPEG is turned upright, and has the height and width of the turned picture") {
  // EXIF of a camera that was held a quarter turn: the stored first row is the right side.
  const std::string exif("Exif\0\0II\x2A\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0", 32);
  for (const bool progressive : {false, true}) {
    const Image image = decode_image(make_jpeg(64, 96, 1, progressive, exif), "turned");
    REQUIRE(image.height == 96);
    REQUIRE(image.width == 64);
    for (std::size_t i = 0; i < image.rgb.size(); i += 3) {
      const int x = static_cast<int>(i / 3 % 64);
      REQUIRE(std::abs(image.rgb[i] - 2 * (63 - x)) <= 3);
    }
  }
  CHECK(decode_image(make_jpeg(64, 96, 1, false, exif.substr(0, 20)), "damaged EXIF").width == 96);
  test::check_truncations(make_jpeg(64, 96, 3, false, exif), decode);
}

TEST_CASE("a grey JPEG becomes RGB with equal channels near the ramp that was stored") {
  const Image image = decode_image(make_jpeg(32, 48, 1), "grey");
  REQUIRE(image.rgb.size() == 32U * 48U * 3U);
  for (std::size_t i = 0; i < image.rgb.size(); i += 3) {
    REQUIRE(image.rgb[i] == image.rgb[i + 1]);
    REQUIRE(image.rgb[i] == image.rgb[i + 2]);
    REQUIRE(std::abs(image.rgb[i] - 2 * static_cast<int>(i / 3 / 48)) <= 3);
  }
}

TEST_CASE("real pictures are decoded, and a real picture cut short is refused") {
  if (const auto folder = test::real_data("road_images_open")) {
    const auto path = *folder / "solidWhiteRight.jpg";
    const Image image = read_image(path);
    CHECK(image.width == 960);
    CHECK(image.height == 540);
    const Bytes whole = read_bytes(path, 1U << 24U);
    test::check_truncations(whole, decode, 20);
    test::check_flips(whole, decode, 20);
  }
  if (const auto folder = test::real_data("kitti_frames")) {
    const Image image = read_image(*folder / "object/training/image_2/000000.png");
    CHECK(image.width == 1224);
    CHECK(image.height == 370);
  }
}

TEST_CASE("a decoded camera picture agrees with another decoder's shrunken copy") {
  // pil224 holds the same frame decoded and resized by Pillow; the mean colour survives resizing.
  const auto folder = test::real_data("nuscenes_frames");
  if (!folder) return;
  int compared = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(*folder / "mmdet3d_demo")) {
    const std::string name = entry.path().filename().string();
    const auto at = name.find("__CAM_FRONT__");
    if (entry.path().extension() != ".jpg" || at == std::string::npos) continue;
    const Image image = read_image(entry.path());
    CHECK(image.width == 1600);
    CHECK(image.height == 900);
    const std::string ppm = read_text(*folder / "mmdet3d_demo/pil224/CAM_FRONT.ppm", 1U << 20U);
    const std::string_view pixels = std::string_view(ppm).substr(ppm.size() - 224U * 224U * 3U);
    for (std::size_t channel = 0; channel < 3; ++channel) {
      double mine = 0, theirs = 0;
      for (std::size_t i = channel; i < image.rgb.size(); i += 3) mine += image.rgb[i];
      for (std::size_t i = channel; i < pixels.size(); i += 3)
        theirs += static_cast<unsigned char>(pixels[i]);
      CHECK(mine / (1600.0 * 900.0) == Catch::Approx(theirs / (224.0 * 224.0)).margin(0.5));
    }
    ++compared;
  }
  CHECK(compared == 1);
}
