#pragma once
// Tables of numbers from a file (.csv by names, .npy by position) as encoders declare them.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lateral::format {

/// Behind the name of a column: less its first value.
inline constexpr std::string_view kElapsed = ":elapsed";

struct Table {
  std::int64_t rows = 0, width = 0;
  std::vector<float> values;  ///< [rows, width], all finite
};

/// A table's number as float32; row and column count from 0. Throws Corrupt, naming the place, where it is not finite as one.
float finite_float(double value, std::int64_t row, std::int64_t column, std::string_view name,
                   const std::filesystem::path& path);

/// The named columns in this order; of a CSV file all others are left out, while a NumPy file has no names: its columns are
/// taken as they stand, and there must be as many. No names at all: all columns.
/// A name "COLUMN:elapsed" is that column less its first value, taken before it becomes float32, which holds no clock: of
/// milliseconds since 1970 it keeps every 131,072nd.
/// Throws what the readers throw; Unsupported (another ending), InvalidArgument (a NumPy array that is no matrix or has other
/// columns), Corrupt (a value that is not finite, or not as float32).
Table read_table(const std::filesystem::path& path, const std::vector<std::string>& columns);

}  // namespace lateral::format
