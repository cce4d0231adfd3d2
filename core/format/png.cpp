// PNG through libpng, whose errors jump back here.
// Only plain data lives in the functions that are jumped over.

#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstring>

#include "core/base/error.hpp"
#include "core/format/image_codecs.hpp"

namespace lateral::format {
namespace {

// Deflate expands at most 1032 times (a run of 258 bytes in two bits), and a pixel has at least one bit.
constexpr std::int64_t kPixelsPerByte = 1032LL * 8;

struct Session {
  char message[160] = "";
};

[[noreturn]] void on_error(png_structp png, png_const_charp text) {
  auto& session = *static_cast<Session*>(png_get_error_ptr(png));
  std::snprintf(session.message, sizeof session.message, "%s", text);
  png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp) {}  // about colour profiles and the like

struct Reader : Session {
  std::span<const std::byte> rest;
  png_structp png = nullptr;
  png_infop info = nullptr;

  Reader() {
    png = png_create_read_struct(PNG_LIBPNG_VER_STRING, static_cast<Session*>(this), on_error, on_warning);
    if (png != nullptr) info = png_create_info_struct(png);
    if (info == nullptr) fail(Errc::ResourceExhausted, "image", "no memory for the PNG reader");
  }
  ~Reader() { png_destroy_read_struct(&png, &info, nullptr); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
};

void read_some(png_structp png, png_bytep out, std::size_t count) {
  auto& rest = static_cast<Reader*>(png_get_io_ptr(png))->rest;
  if (rest.size() < count) png_error(png, "the file ends too early");
  std::memcpy(out, rest.data(), count);
  rest = rest.subspan(count);
}

bool read_header(Reader& reader) {
  if (setjmp(png_jmpbuf(reader.png)) != 0) return false;
  png_set_read_fn(reader.png, &reader, read_some);
  png_set_user_limits(reader.png, PNG_UINT_31_MAX,
                      PNG_UINT_31_MAX);  // ours come after the header, with a better text
  // Texts, profiles and the like change no pixel and are stepped over. libpng would take memory for the length that such
  // a chunk claims; its limit for that (png_set_chunk_malloc_max) only warns.
  png_set_keep_unknown_chunks(reader.png, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
  png_read_info(reader.png, reader.info);
  return true;
}

bool read_pixels(Reader& reader, png_bytepp rows, std::size_t row_bytes) {
  if (setjmp(png_jmpbuf(reader.png)) != 0) return false;
  png_set_expand(reader.png);  // palettes, fewer than eight bits, tRNS
  png_set_scale_16(reader.png);
  png_set_gray_to_rgb(reader.png);
  png_set_strip_alpha(reader.png);
  png_set_interlace_handling(reader.png);
  png_read_update_info(reader.png, reader.info);
  if (png_get_rowbytes(reader.png, reader.info) != row_bytes) png_error(reader.png, "unexpected row length");
  png_read_image(reader.png, rows);
  png_read_end(reader.png, nullptr);
  return true;
}

struct Writer : Session {
  std::vector<std::byte> bytes;
  png_structp png = nullptr;
  png_infop info = nullptr;

  Writer() {
    png = png_create_write_struct(PNG_LIBPNG_VER_STRING, static_cast<Session*>(this), on_error, on_warning);
    if (png != nullptr) info = png_create_info_struct(png);
    if (info == nullptr) fail(Errc::ResourceExhausted, "image", "no memory for the PNG writer");
  }
  ~Writer() { png_destroy_write_struct(&png, &info); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
};

void write_some(png_structp png, png_bytep data, std::size_t count) {
  auto& bytes = static_cast<Writer*>(png_get_io_ptr(png))->bytes;
  const auto* const first = reinterpret_cast<const std::byte*>(data);
  try {
    bytes.insert(bytes.end(), first, first + count);
  } catch (...) {  // an exception must not pass through the C library
    png_error(png, "out of memory");
  }
}

bool write_pixels(Writer& writer, const Image& image) {
  if (setjmp(png_jmpbuf(writer.png)) != 0) return false;
  png_set_write_fn(writer.png, &writer, write_some, nullptr);
  png_set_IHDR(writer.png, writer.info, static_cast<png_uint_32>(image.width),
               static_cast<png_uint_32>(image.height), 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(writer.png, writer.info);
  for (int y = 0; y < image.height; ++y) {
    png_write_row(writer.png,
                  image.rgb.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(image.width) * 3);
  }
  png_write_end(writer.png, writer.info);
  return true;
}

}  // namespace

Image detail::decode_png(std::span<const std::byte> bytes, std::string_view name) {
  Reader reader;
  reader.rest = bytes;
  const auto fail_corrupt = [&] { fail(Errc::Corrupt, "image", name, ": damaged PNG: ", reader.message); };
  if (!read_header(reader)) fail_corrupt();
  const std::int64_t width = png_get_image_width(reader.png, reader.info);
  const std::int64_t height = png_get_image_height(reader.png, reader.info);
  check_image_size(width, height, static_cast<std::int64_t>(bytes.size()) * kPixelsPerByte, name);

  Image image{static_cast<int>(height), static_cast<int>(width), {}};
  const std::size_t row_bytes = static_cast<std::size_t>(width) * 3;
  image.rgb.resize(row_bytes * static_cast<std::size_t>(height));
  std::vector<png_bytep> rows(static_cast<std::size_t>(height));
  for (std::size_t y = 0; y < rows.size(); ++y) rows[y] = image.rgb.data() + y * row_bytes;
  if (!read_pixels(reader, rows.data(), row_bytes)) fail_corrupt();
  return image;
}

std::vector<std::byte> encode_png(const Image& image) {
  if (image.width < 1 || image.height < 1 || image.width > kMaxImageSide || image.height > kMaxImageSide ||
      image.rgb.size() !=
          static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height) * 3) {
    fail(Errc::InvalidArgument, "image", "cannot write a picture of ", image.width, "x", image.height,
         " from ", image.rgb.size(), " bytes");
  }
  Writer writer;
  if (!write_pixels(writer, image))
    fail(Errc::ResourceExhausted, "image", "cannot write PNG: ", writer.message);
  return std::move(writer.bytes);
}

}  // namespace lateral::format
