// PLY (Greg Turk's polygon format) as far as point clouds need it: the vertex element with scalar properties.
// Elements after it (faces) are not looked at; elements before it are stepped over when they are of fixed size.

#include <algorithm>
#include <array>
#include <optional>

#include "core/base/error.hpp"
#include "core/format/point_fields.hpp"

namespace lateral::format {
namespace {

using detail::Field;
using detail::Scalar;
using Words = std::vector<std::string_view>;

struct Element {
  std::string name;
  std::size_t rows = 0;
  std::vector<Field> fields;
  bool has_list = false;
};

struct Header {
  std::string format;
  std::vector<Element> elements;
};

Scalar scalar_of(std::string_view type, std::string_view name) {
  struct Known {
    std::string_view type, other;
    Scalar scalar;
  };
  static constexpr std::array kKnown{
      Known{"char", "int8", Scalar::I8},      Known{"uchar", "uint8", Scalar::U8},
      Known{"short", "int16", Scalar::I16},   Known{"ushort", "uint16", Scalar::U16},
      Known{"int", "int32", Scalar::I32},     Known{"uint", "uint32", Scalar::U32},
      Known{"float", "float32", Scalar::F32}, Known{"double", "float64", Scalar::F64}};
  for (const Known& known : kKnown) {
    if (type == known.type || type == known.other) return known.scalar;
  }
  fail(Errc::Unsupported, "point_cloud", name, " has a property type that PLY does not know");
}

void add_property(Header& header, const Words& words, std::string_view name) {
  if (header.elements.empty()) fail(Errc::Corrupt, "point_cloud", name, ": a property before any element");
  Element& element = header.elements.back();
  if (words.size() > 1 && words[1] == "list") {
    element.has_list = true;
    return;
  }
  if (words.size() != 3) fail(Errc::Corrupt, "point_cloud", name, ": a property needs a type and a name");
  if (element.fields.size() > kMaxPointColumns) return;  // check_columns says so
  element.fields.push_back({detail::column_name(words[2]), scalar_of(words[1], name)});
}

Header read_header(detail::HeaderLines& lines, std::string_view name) {
  Header header;
  if (lines.next() != Words{"ply"}) fail(Errc::Corrupt, "point_cloud", name, " does not begin with 'ply'");
  while (true) {
    const Words words = lines.next();
    if (words.empty() || words[0] == "comment" || words[0] == "obj_info") continue;
    if (words[0] == "end_header") return header;
    if (words[0] == "format" && words.size() == 3 && words[2] == "1.0") {
      header.format = words[1];
    } else if (words[0] == "element" && words.size() == 3) {
      header.elements.push_back({std::string(words[1]),
                                 detail::parse_count(words[2], kMaxPoints, "an element's count", name),
                                 {},
                                 false});
    } else if (words[0] == "property") {
      add_property(header, words, name);
    } else {
      fail(Errc::Corrupt, "point_cloud", name, " has an unknown line in its PLY header");
    }
  }
}

void check_scalar(const Element& element, std::string_view name) {
  if (element.has_list) {
    fail(Errc::Unsupported, "point_cloud", name, " has a list property in or before its vertices");
  }
}

/// The text after the rows of elements that come before the vertices.
void skip_text(std::string_view& body, std::size_t rows, std::string_view name) {
  for (; rows > 0; --rows) {
    const std::size_t end = body.find('\n');
    if (end == std::string_view::npos) fail(Errc::Corrupt, "point_cloud", name, " ends before its vertices");
    body.remove_prefix(end + 1);
  }
}

void skip_binary(std::string_view& body, const Element& element, std::string_view name) {
  const std::size_t size = detail::row_size(element.fields) * element.rows;
  if (size > body.size()) fail(Errc::Corrupt, "point_cloud", name, " ends before its vertices");
  body.remove_prefix(size);
}

PointCloud read_binary(std::string_view body, const Element& vertex, bool swap, std::string_view name) {
  const std::size_t held = body.size() / detail::row_size(vertex.fields);
  if (held < vertex.rows) {
    fail(Errc::Corrupt, "point_cloud", name, " is truncated: ", vertex.rows, " points promised, ", held,
         " there");
  }
  return detail::gather(std::as_bytes(std::span(body)), vertex.fields, detail::layout_by_row(vertex.fields),
                        vertex.rows, swap);
}

}  // namespace

PointCloud decode_ply(std::span<const std::byte> bytes, std::string_view name) {
  detail::HeaderLines lines({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, name);
  const Header header = read_header(lines, name);
  const bool ascii = header.format == "ascii", big = header.format == "binary_big_endian";
  if (!ascii && !big && header.format != "binary_little_endian") {
    fail(Errc::Unsupported, "point_cloud", name,
         ": the PLY format is none of ascii, binary_little_endian, binary_big_endian");
  }
  std::string_view body = lines.rest();
  for (const Element& element : header.elements) {
    check_scalar(element, name);
    if (element.name == "vertex") {
      detail::check_columns(element.fields, name);
      return ascii ? detail::gather_text(body, element.fields, element.rows, name)
                   : read_binary(body, element, big, name);
    }
    ascii ? skip_text(body, element.rows, name) : skip_binary(body, element, name);
  }
  fail(Errc::Corrupt, "point_cloud", name, " has no vertices");
}

}  // namespace lateral::format
