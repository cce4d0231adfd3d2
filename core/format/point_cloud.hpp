#pragma once
// Point clouds as the plugins see them: one row of float32 columns a point, with the columns' names. Read
// from `.bin` and `.npy` (rows of numbers, columns declared by the caller), `.pcd` (version 0.7: ascii,
// binary, binary_compressed) and `.ply` (ascii, binary of either byte order; the vertex element). Thread
// safety: all functions may be called from any thread.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lateral::format {

struct PointCloud {
  std::vector<std::string> columns;  ///< lower case, unique, e.g. x y z intensity
  std::vector<float> values;         ///< [rows, columns.size()]
  std::int64_t rows = 0;
  /// Points left out because a coordinate was NaN or infinite: sensors write "no return" this way (PCD's
  /// documented meaning of NaN), and one such value would turn a whole range view into NaN.
  std::int64_t dropped = 0;
};

inline constexpr std::int64_t kMaxPoints = 16LL << 20U;
inline constexpr std::size_t kMaxPointColumns = 64;

/// Raw float32 rows. `columns` has 1 to 64 unique names; the size must be a whole number of rows.
/// KITTI: x y z intensity; nuScenes: x y z intensity ring.
PointCloud decode_bin(std::span<const std::byte> bytes, std::span<const std::string> columns,
                      std::string_view name);
PointCloud decode_pcd(std::span<const std::byte> bytes, std::string_view name);
PointCloud decode_ply(std::span<const std::byte> bytes, std::string_view name);

/// A file, by its ending (raw rows have no magic). `bin_columns` are used for `.bin` and `.npy` alone; when
/// they are empty these are refused, because four and five columns cannot be told apart. Throws NotFound, Io,
/// Unsupported (ending, field types), Corrupt, InvalidArgument (columns), ResourceExhausted.
PointCloud read_point_cloud(const std::filesystem::path& path, std::span<const std::string> bin_columns = {});

/// The named columns, in that order; rows with a value there that is not finite are dropped and counted. A
/// name in `optional` that is absent is filled with zeros (an intensity that a sensor does not measure); any
/// other absent name throws InvalidArgument and lists the columns present.
PointCloud select_columns(const PointCloud& cloud, std::span<const std::string> names,
                          std::span<const std::string> optional = {});

}  // namespace lateral::format
