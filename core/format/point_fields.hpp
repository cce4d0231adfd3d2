#pragma once
// What PCD and PLY share: a header of text lines, then rows of typed fields. Internal to core/format.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/format/point_cloud.hpp"

namespace lateral::format::detail {

enum class Scalar { I8, U8, I16, U16, I32, U32, I64, U64, F32, F64 };

std::size_t size_of(Scalar type) noexcept;

/// One number at `at` as float32; `swap` reads it in the other byte order.
float load(const std::byte* at, Scalar type, bool swap) noexcept;

struct Field {
  std::string column;  ///< empty = padding, skipped
  Scalar type = Scalar::F32;
};

/// Where each field's numbers lie: row r, field f at offset[f] + r * stride[f].
struct Layout {
  std::vector<std::size_t> offset, stride;
};

std::size_t row_size(std::span<const Field> fields) noexcept;

/// Fields one after another in each row (files), or each field's numbers together (PCD's compressed form).
Layout layout_by_row(std::span<const Field> fields);
Layout layout_by_field(std::span<const Field> fields, std::size_t rows);

/// `data` must cover the layout for `rows` rows. Points without finite x, y, z are dropped and counted.
PointCloud gather(std::span<const std::byte> data, std::span<const Field> fields, const Layout& layout,
                  std::size_t rows, bool swap);

/// Numbers as text, one for each field of each row, separated by blanks. Throws Corrupt when a word is no
/// number or the text ends early.
PointCloud gather_text(std::string_view text, std::span<const Field> fields, std::size_t rows,
                       std::string_view name);

/// The header's lines; gives them without line end (LF or CRLF).
class HeaderLines {
 public:
  HeaderLines(std::string_view text, std::string_view name) : text_(text), name_(name) {}

  /// The words of the next line; throws Corrupt at the end of the text or for a line or header beyond
  /// any sense.
  std::vector<std::string_view> next();

  /// What follows the lines taken so far.
  std::string_view rest() const { return text_; }

 private:
  std::string_view text_;
  std::string_view name_;
  int lines_ = 0;
};

/// Lower case, and without the "scalar_" that CloudCompare puts before its own columns.
std::string column_name(std::string_view word);

/// A count in a header: decimal, 0 to `max`. Throws Corrupt naming `what`.
std::size_t parse_count(std::string_view word, std::size_t max, std::string_view what, std::string_view name);

/// Throws Corrupt for no columns, too many or repeated names.
void check_columns(std::span<const Field> fields, std::string_view name);

}  // namespace lateral::format::detail
