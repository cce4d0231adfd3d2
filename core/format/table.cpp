#include "core/format/table.hpp"

#include <algorithm>
#include <cmath>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/format/csv.hpp"
#include "core/format/npy.hpp"

namespace lateral::format {
namespace {

std::string ending_of(const std::filesystem::path& path) {
  std::string ending = path.extension().string();
  for (char& c : ending) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return ending;
}

/// Puts `column`, of which `name` may want the time elapsed, into column `index` of the table.
void place(std::vector<double> column, std::string_view name, std::int64_t index, Table& table,
           const std::filesystem::path& path) {
  const double first = name.ends_with(kElapsed) && !column.empty() ? column.front() : 0;
  for (std::size_t row = 0; row < column.size(); ++row) {
    table.values[row * static_cast<std::size_t>(table.width) + static_cast<std::size_t>(index)] =
        finite_float(column[row] - first, static_cast<std::int64_t>(row), index, name, path);
  }
}

Table sized(std::int64_t rows, std::int64_t width) {
  return {rows, width, std::vector<float>(static_cast<std::size_t>(rows * width))};
}

Table from_csv(const std::filesystem::path& path, const std::vector<std::string>& names) {
  const CsvTable csv = read_csv(path);
  const auto& wanted = names.empty() ? csv.columns() : names;
  Table table = sized(csv.rows(), static_cast<std::int64_t>(wanted.size()));
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    std::string_view name = wanted[i];
    if (!names.empty() && name.ends_with(kElapsed)) name.remove_suffix(kElapsed.size());
    place(csv.numbers(name), names.empty() ? name : wanted[i], static_cast<std::int64_t>(i), table, path);
  }
  return table;
}

Table from_npy(const std::filesystem::path& path, const std::vector<std::string>& names) {
  const NpyArray array = read_npy(path);
  if (array.shape.size() != 2) {
    fail(Errc::InvalidArgument, "table", path.string(), " has ", array.shape.size(), " axes; a table has 2");
  }
  const std::int64_t rows = array.shape[0], width = array.shape[1];
  if (!names.empty() && width != static_cast<std::int64_t>(names.size())) {
    fail(Errc::InvalidArgument, "table", path.string(), " has ", width, " columns; wanted are ", names.size(),
         ", in the encoder's order, since a NumPy file cannot name them");
  }
  const std::vector<double> values = array.to_doubles();
  Table table = sized(rows, width);
  for (std::int64_t column = 0; column < width; ++column) {
    std::vector<double> one(static_cast<std::size_t>(rows));
    for (std::size_t row = 0; row < one.size(); ++row)
      one[row] = values[row * static_cast<std::size_t>(width) + static_cast<std::size_t>(column)];
    place(std::move(one), names.empty() ? "" : names[static_cast<std::size_t>(column)], column, table, path);
  }
  return table;
}

}  // namespace

float finite_float(double value, std::int64_t row, std::int64_t column, std::string_view name,
                   const std::filesystem::path& path) {
  const auto number = static_cast<float>(value);
  if (std::isfinite(number)) return number;
  fail(Errc::Corrupt, "table", path.string(), ": row ", row + 1, " of column ", column + 1,
       name.empty() ? "" : " (" + shown(name) + ")", " is not a finite float32");
}

Table read_table(const std::filesystem::path& path, const std::vector<std::string>& columns) {
  const std::string ending = ending_of(path);
  if (ending == ".csv") return from_csv(path, columns);
  if (ending == ".npy") return from_npy(path, columns);
  fail(Errc::Unsupported, "table", path.string(), " ends in neither .csv nor .npy");
}

}  // namespace lateral::format
