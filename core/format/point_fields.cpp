#include "core/format/point_fields.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <set>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace lateral::format::detail {
namespace {

constexpr std::size_t kMaxHeaderLines = 1000;
constexpr std::size_t kMaxLineLength = 4096;
constexpr std::string_view kBlanks = " \t\r\n\v\f";

template <typename T>
float load_as(const std::byte* at, bool swap) noexcept {
  std::array<std::byte, sizeof(T)> bytes;
  std::memcpy(bytes.data(), at, sizeof(T));
  if (swap) std::reverse(bytes.begin(), bytes.end());
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return static_cast<float>(value);
}

/// Takes rows one by one and keeps those whose coordinates are finite.
class Rows {
 public:
  Rows(std::span<const Field> fields, std::size_t expected) {
    for (const Field& field : fields) {
      if (field.column.empty()) continue;
      const bool coordinate = field.column == "x" || field.column == "y" || field.column == "z";
      if (coordinate) coordinates_.push_back(cloud_.columns.size());
      cloud_.columns.push_back(field.column);
    }
    cloud_.values.reserve(expected * cloud_.columns.size());
  }

  void add(float value) { cloud_.values.push_back(value); }

  void end_row() {
    const auto row = cloud_.values.end() - static_cast<std::ptrdiff_t>(cloud_.columns.size());
    const bool finite = std::all_of(coordinates_.begin(), coordinates_.end(), [&](std::size_t c) {
      return std::isfinite(row[static_cast<std::ptrdiff_t>(c)]);
    });
    if (finite) {
      ++cloud_.rows;
    } else {
      cloud_.values.erase(row, cloud_.values.end());
      ++cloud_.dropped;
    }
  }

  PointCloud take() { return std::move(cloud_); }

 private:
  PointCloud cloud_;
  std::vector<std::size_t> coordinates_;
};

std::string_view take_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  const std::string_view word = text.substr(0, text.find_first_of(kBlanks));
  text.remove_prefix(word.size());
  return word;
}

std::optional<float> parse_float(std::string_view word) {
  if (word.starts_with('+')) word.remove_prefix(1);  // from_chars does not take it, printf("%+f") writes it
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  // Beyond double's range is beyond every sensor's: such a point is treated as not finite.
  if (error == std::errc::result_out_of_range) value = INFINITY;
  if (error == std::errc::invalid_argument || end != word.data() + word.size()) return std::nullopt;
  return static_cast<float>(value);
}

}  // namespace

std::size_t size_of(Scalar type) noexcept {
  switch (type) {
    case Scalar::I8:
    case Scalar::U8:
      return 1;
    case Scalar::I16:
    case Scalar::U16:
      return 2;
    case Scalar::I32:
    case Scalar::U32:
    case Scalar::F32:
      return 4;
    case Scalar::I64:
    case Scalar::U64:
    case Scalar::F64:
      return 8;
  }
  return 1;
}

float load(const std::byte* at, Scalar type, bool swap) noexcept {
  switch (type) {
    case Scalar::I8:
      return load_as<std::int8_t>(at, swap);
    case Scalar::U8:
      return load_as<std::uint8_t>(at, swap);
    case Scalar::I16:
      return load_as<std::int16_t>(at, swap);
    case Scalar::U16:
      return load_as<std::uint16_t>(at, swap);
    case Scalar::I32:
      return load_as<std::int32_t>(at, swap);
    case Scalar::U32:
      return load_as<std::uint32_t>(at, swap);
    case Scalar::I64:
      return load_as<std::int64_t>(at, swap);
    case Scalar::U64:
      return load_as<std::uint64_t>(at, swap);
    case Scalar::F32:
      return load_as<float>(at, swap);
    case Scalar::F64:
      return load_as<double>(at, swap);
  }
  return 0;
}

std::size_t row_size(std::span<const Field> fields) noexcept {
  std::size_t size = 0;
  for (const Field& field : fields) size += size_of(field.type);
  return size;
}

Layout layout_by_row(std::span<const Field> fields) {
  Layout layout;
  std::size_t at = 0;
  for (const Field& field : fields) {
    layout.offset.push_back(at);
    layout.stride.push_back(row_size(fields));
    at += size_of(field.type);
  }
  return layout;
}

Layout layout_by_field(std::span<const Field> fields, std::size_t rows) {
  Layout layout;
  std::size_t at = 0;
  for (const Field& field : fields) {
    layout.offset.push_back(at);
    layout.stride.push_back(size_of(field.type));
    at += size_of(field.type) * rows;
  }
  return layout;
}

PointCloud gather(std::span<const std::byte> data, std::span<const Field> fields, const Layout& layout,
                  std::size_t rows, bool swap) {
  Rows out(fields, rows);
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t f = 0; f < fields.size(); ++f) {
      if (fields[f].column.empty()) continue;
      out.add(load(data.data() + layout.offset[f] + row * layout.stride[f], fields[f].type, swap));
    }
    out.end_row();
  }
  return out.take();
}

PointCloud gather_text(std::string_view text, std::span<const Field> fields, std::size_t rows,
                       std::string_view name) {
  if (rows * fields.size() > text.size()) {  // each number takes a digit at least
    fail(Errc::Corrupt, "point_cloud", name, " promises ", rows, " points, more than its text can hold");
  }
  Rows out(fields, rows);
  for (std::size_t row = 0; row < rows; ++row) {
    for (const Field& field : fields) {
      const std::string_view word = take_word(text);
      const auto value = parse_float(word);
      if (!value) {
        fail(Errc::Corrupt, "point_cloud", name, ": point ", row, " of ", rows, ": ",
             word.empty() ? "the text ends" : "a word is not a number");
      }
      if (!field.column.empty()) out.add(*value);
    }
    out.end_row();
  }
  return out.take();
}

std::vector<std::string_view> HeaderLines::next() {
  const std::size_t end = text_.substr(0, kMaxLineLength).find('\n');
  if (end == std::string_view::npos || ++lines_ > static_cast<int>(kMaxHeaderLines)) {
    fail(Errc::Corrupt, "point_cloud", name_, ": the header does not end");
  }
  std::string_view line = text_.substr(0, end);
  text_.remove_prefix(end + 1);
  std::vector<std::string_view> words;
  for (auto word = take_word(line); !word.empty(); word = take_word(line)) words.push_back(word);
  return words;
}

std::string column_name(std::string_view word) {
  std::string name(word);
  // Not std::tolower: the locale must not decide how a file is read.
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  constexpr std::string_view kPrefix = "scalar_";
  if (name.starts_with(kPrefix) && name.size() > kPrefix.size()) name.erase(0, kPrefix.size());
  return name;
}

std::size_t parse_count(std::string_view word, std::size_t max, std::string_view what,
                        std::string_view name) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size()) {
    fail(Errc::Corrupt, "point_cloud", name, ": ", what, " is not a number");
  }
  if (value > max) {
    fail(Errc::ResourceExhausted, "point_cloud", name, ": ", what, " is ", value, "; at most ", max,
         " are read");
  }
  return value;
}

void check_columns(std::span<const Field> fields, std::string_view name) {
  std::set<std::string_view> seen;
  for (const Field& field : fields) {
    if (!field.column.empty() && !seen.insert(field.column).second) {
      fail(Errc::Corrupt, "point_cloud", name, " has two columns named '", shown(field.column), "'");
    }
  }
  if (seen.empty()) fail(Errc::Corrupt, "point_cloud", name, " has no columns");
  if (fields.size() > kMaxPointColumns) {
    fail(Errc::ResourceExhausted, "point_cloud", name, " has ", fields.size(), " columns; at most ",
         kMaxPointColumns, " are read");
  }
}

}  // namespace lateral::format::detail
