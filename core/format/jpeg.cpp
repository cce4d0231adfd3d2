// JPEG through libjpeg-turbo. The library reports errors by a callback that must not return: it jumps
// back here. Only plain data lives in the functions that are jumped over; what needs a destructor belongs
// to decode_jpeg.

#include <csetjmp>
#include <cstdio>  // jpeglib.h needs it first

#include <jpeglib.h>

#include <jerror.h>

#include <utility>

#include "core/base/error.hpp"
#include "core/format/exif.hpp"
#include "core/format/image_codecs.hpp"

namespace lateral::format::detail {
namespace {

// A progressive file may repeat scans without end ("decompression bomb"); cameras and web pictures use
// about ten.
constexpr int kMaxScans = 200;

/// Bits that every 8x8 block needs at the very least with Huffman codes: one for its DC coefficient.
constexpr std::int64_t kPixelsPerByte = 8LL * 64;

constexpr unsigned kMaxMarkerBytes = 0xFFFF;  // no marker has more

struct Reader {
  jpeg_decompress_struct jpeg;  // first: the library's callbacks see only this
  jpeg_error_mgr errors;
  jpeg_progress_mgr progress;
  std::jmp_buf escape;
  char message[JMSG_LENGTH_MAX];
};

Reader& reader_of(j_common_ptr jpeg) {
  return *static_cast<Reader*>(jpeg->client_data);
}

[[noreturn]] void on_error(j_common_ptr jpeg) {
  Reader& reader = reader_of(jpeg);
  jpeg->err->format_message(jpeg, reader.message);
  std::longjmp(reader.escape, 1);
}

/// The library goes on after damaged data and fills in grey; we do not, because a plugin would see
/// half a street.
bool means_damage(int code) {
  return code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE ||
         code == JWRN_ARITH_BAD_CODE || code == JWRN_MUST_RESYNC || code == JWRN_NOT_SEQUENTIAL ||
         code == JWRN_BOGUS_PROGRESSION;
}

void on_message(j_common_ptr jpeg, int level) {
  if (level < 0 && means_damage(jpeg->err->msg_code)) on_error(jpeg);
}

void on_progress(j_common_ptr jpeg) {
  Reader& reader = reader_of(jpeg);
  if (reader.jpeg.input_scan_number > kMaxScans) {
    std::snprintf(reader.message, sizeof reader.message, "it has more than %d scans", kMaxScans);
    std::longjmp(reader.escape, 1);
  }
}

bool open(Reader& reader, std::span<const std::byte> bytes) {
  reader.jpeg.err = jpeg_std_error(&reader.errors);
  reader.jpeg.client_data = &reader;
  reader.errors.error_exit = on_error;
  reader.errors.emit_message = on_message;
  reader.progress.progress_monitor = on_progress;
  if (setjmp(reader.escape) != 0) return false;
  jpeg_create_decompress(&reader.jpeg);
  reader.jpeg.progress = &reader.progress;
  jpeg_mem_src(&reader.jpeg, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  jpeg_save_markers(&reader.jpeg, JPEG_APP0 + 1, kMaxMarkerBytes);
  jpeg_read_header(&reader.jpeg, TRUE);
  return true;
}

bool read_pixels(Reader& reader, std::uint8_t* rgb) {
  if (setjmp(reader.escape) != 0) return false;
  reader.jpeg.out_color_space = JCS_RGB;
  jpeg_start_decompress(&reader.jpeg);
  while (reader.jpeg.output_scanline < reader.jpeg.output_height) {
    JSAMPROW row = rgb + static_cast<std::size_t>(reader.jpeg.output_scanline) * reader.jpeg.output_width * 3;
    jpeg_read_scanlines(&reader.jpeg, &row, 1);
  }
  jpeg_finish_decompress(&reader.jpeg);
  return true;
}

/// How the camera was held, as an EXIF marker says.
int orientation_of(const jpeg_decompress_struct& jpeg) {
  for (const auto* marker = jpeg.marker_list; marker != nullptr; marker = marker->next) {
    const std::span content(reinterpret_cast<const std::byte*>(marker->data), marker->data_length);
    if (const int orientation = exif_orientation(content); orientation != 1) return orientation;
  }
  return 1;
}

/// Frees the library's memory on every way out.
struct Closer {
  Reader& reader;
  ~Closer() { jpeg_destroy_decompress(&reader.jpeg); }
};

}  // namespace

Image decode_jpeg(std::span<const std::byte> bytes, std::string_view name) {
  Reader reader{};  // zeroed, so that destroying it is right also when creation failed
  const Closer closer{reader};
  const auto fail_corrupt = [&] { fail(Errc::Corrupt, "image", name, ": damaged JPEG: ", reader.message); };
  if (!open(reader, bytes)) fail_corrupt();
  const J_COLOR_SPACE space = reader.jpeg.jpeg_color_space;
  if (space == JCS_CMYK || space == JCS_YCCK) {
    fail(Errc::Unsupported, "image", name,
         " is a CMYK JPEG: made for printing, and its colours mean nothing without a profile; convert it to "
         "RGB");
  }
  const std::int64_t capacity =
      reader.jpeg.arith_code ? kMaxImagePixels : static_cast<std::int64_t>(bytes.size()) * kPixelsPerByte;
  check_image_size(reader.jpeg.image_width, reader.jpeg.image_height, capacity, name);

  const int orientation = orientation_of(reader.jpeg);  // decoding to the end frees the markers
  Image image{static_cast<int>(reader.jpeg.image_height), static_cast<int>(reader.jpeg.image_width), {}};
  image.rgb.resize(static_cast<std::size_t>(image.height) * static_cast<std::size_t>(image.width) * 3);
  if (!read_pixels(reader, image.rgb.data())) fail_corrupt();
  return upright(std::move(image), orientation);
}

}  // namespace lateral::format::detail
