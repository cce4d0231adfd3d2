// PCD version 0.7 (and the older ones that differ only in what we skip). Documented at
// pointclouds.org/documentation/tutorials/pcd_file_format.html; the compressed form in PCL's pcd_io: two
// uint32 lengths, then LZF data that holds each field's numbers together.

#include <array>
#include <cstring>

#include "core/base/error.hpp"
#include "core/format/lzf.hpp"
#include "core/format/point_fields.hpp"

namespace lateral::format {
namespace {

using detail::Field;
using detail::Scalar;
using Words = std::vector<std::string_view>;

struct Header {
  Words names, sizes, types, counts;
  std::size_t width = 0, height = 1, points = 0;
  bool has_points = false;
  std::string data;
};

Header read_header(detail::HeaderLines& lines, std::string_view name) {
  Header header;
  while (header.data.empty()) {
    const Words words = lines.next();
    if (words.empty() || words[0].starts_with('#')) continue;
    const std::string_view key = words[0];
    const Words values(words.begin() + 1, words.end());
    const auto count = [&] {
      return detail::parse_count(values.empty() ? "" : values[0], kMaxPoints, key, name);
    };
    if (key == "FIELDS" || key == "COLUMNS") {
      header.names = values;
    } else if (key == "SIZE") {
      header.sizes = values;
    } else if (key == "TYPE") {
      header.types = values;
    } else if (key == "COUNT") {
      header.counts = values;
    } else if (key == "WIDTH") {
      header.width = count();
    } else if (key == "HEIGHT") {
      header.height = count();
    } else if (key == "POINTS") {
      header.points = count();
      header.has_points = true;
    } else if (key == "DATA" && !values.empty()) {
      header.data = values[0];
    } else if (key != "VERSION" && key != "VIEWPOINT") {
      fail(Errc::Corrupt, "point_cloud", name, " has an unknown line in its PCD header");
    }
  }
  return header;
}

Scalar scalar_of(std::string_view type, std::string_view size, std::string_view name) {
  struct Known {
    std::string_view type, size;
    Scalar scalar;
  };
  static constexpr std::array kKnown{Known{"F", "4", Scalar::F32}, Known{"F", "8", Scalar::F64},
                                     Known{"I", "1", Scalar::I8},  Known{"I", "2", Scalar::I16},
                                     Known{"I", "4", Scalar::I32}, Known{"I", "8", Scalar::I64},
                                     Known{"U", "1", Scalar::U8},  Known{"U", "2", Scalar::U16},
                                     Known{"U", "4", Scalar::U32}, Known{"U", "8", Scalar::U64}};
  for (const Known& known : kKnown) {
    if (type == known.type && size == known.size) return known.scalar;
  }
  fail(Errc::Unsupported, "point_cloud", name, " has a field type that PCD does not know");
}

/// A field with COUNT n is n columns: name_0, name_1, ... "_" is PCL's name for padding.
std::vector<Field> fields_of(const Header& header, std::string_view name) {
  const std::size_t n = header.names.size();
  if (n == 0 || header.sizes.size() != n || header.types.size() != n ||
      (!header.counts.empty() && header.counts.size() != n)) {
    fail(Errc::Corrupt, "point_cloud", name, ": FIELDS, SIZE, TYPE and COUNT do not have the same length");
  }
  std::vector<Field> fields;
  for (std::size_t i = 0; i < n; ++i) {
    const Scalar type = scalar_of(header.types[i], header.sizes[i], name);
    const std::size_t count =
        header.counts.empty() ? 1 : detail::parse_count(header.counts[i], kMaxPointColumns, "COUNT", name);
    const std::string column = header.names[i] == "_" ? "" : detail::column_name(header.names[i]);
    for (std::size_t c = 0; c < count; ++c) {
      const bool numbered = count > 1 && !column.empty();
      fields.push_back({numbered ? column + "_" + std::to_string(c) : column, type});
    }
    if (fields.size() > kMaxPointColumns) break;  // check_columns says so
  }
  detail::check_columns(fields, name);
  return fields;
}

std::size_t rows_of(const Header& header, std::string_view name) {
  const std::size_t rows = header.width * header.height;  // each at most kMaxPoints: no overflow
  if (header.has_points && header.points != rows) {
    fail(Errc::Corrupt, "point_cloud", name, ": POINTS is ", header.points, ", WIDTH times HEIGHT is ", rows);
  }
  if (rows > static_cast<std::size_t>(kMaxPoints)) {
    fail(Errc::ResourceExhausted, "point_cloud", name, " has ", rows, " points; at most ", kMaxPoints,
         " are read");
  }
  return rows;
}

PointCloud decode_compressed(std::string_view body, std::vector<Field> fields, std::size_t rows,
                             std::string_view name) {
  std::array<std::uint32_t, 2> lengths{};
  if (body.size() < sizeof lengths) fail(Errc::Corrupt, "point_cloud", name, " ends before its points");
  std::memcpy(lengths.data(), body.data(), sizeof lengths);
  body.remove_prefix(sizeof lengths);
  const std::size_t compressed = lengths[0], size = lengths[1];
  // PCL leaves padding out when it compresses; others keep it. The length tells.
  if (size != detail::row_size(fields) * rows)
    std::erase_if(fields, [](const Field& f) { return f.column.empty(); });
  if (compressed > body.size() || size != detail::row_size(fields) * rows ||
      size > lzf_max_size(compressed)) {
    fail(Errc::Corrupt, "point_cloud", name,
         ": the compressed points do not have the length that the header asks for");
  }
  std::vector<std::byte> data(size);
  if (!lzf_decompress(std::as_bytes(std::span(body.data(), compressed)), data)) {
    fail(Errc::Corrupt, "point_cloud", name, ": damaged compressed points");
  }
  return detail::gather(data, fields, detail::layout_by_field(fields, rows), rows, false);
}

}  // namespace

PointCloud decode_pcd(std::span<const std::byte> bytes, std::string_view name) {
  detail::HeaderLines lines({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, name);
  const Header header = read_header(lines, name);
  const std::vector<Field> fields = fields_of(header, name);
  const std::size_t rows = rows_of(header, name);
  const std::string_view body = lines.rest();
  if (header.data == "ascii") return detail::gather_text(body, fields, rows, name);
  if (header.data == "binary_compressed") return decode_compressed(body, fields, rows, name);
  if (header.data != "binary")
    fail(Errc::Unsupported, "point_cloud", name, ": DATA is none of ascii, binary, binary_compressed");
  if (body.size() / detail::row_size(fields) < rows) {
    fail(Errc::Corrupt, "point_cloud", name, " is truncated: ", rows, " points promised, ",
         body.size() / detail::row_size(fields), " there");
  }
  return detail::gather(std::as_bytes(std::span(body)), fields, detail::layout_by_row(fields), rows, false);
}

}  // namespace lateral::format
