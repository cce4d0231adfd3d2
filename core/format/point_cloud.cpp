#include "core/format/point_cloud.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/text.hpp"
#include "core/format/npy.hpp"
#include "core/format/point_fields.hpp"

namespace lateral::format {
namespace {

constexpr std::uint64_t kMaxCloudBytes = 1ULL << 30U;

std::string join(std::span<const std::string> words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + shown(word);
  return text;
}

std::optional<std::size_t> index_of(std::span<const std::string> names, const std::string& name) {
  const auto at = std::find(names.begin(), names.end(), name);
  if (at == names.end()) return std::nullopt;
  return static_cast<std::size_t>(at - names.begin());
}

/// For each wanted name the column it comes from; nothing = zeros.
std::vector<std::optional<std::size_t>> find_columns(const PointCloud& cloud,
                                                     std::span<const std::string> names,
                                                     std::span<const std::string> optional) {
  std::vector<std::optional<std::size_t>> found;
  for (const std::string& name : names) {
    found.push_back(index_of(cloud.columns, name));
    if (!found.back() && !index_of(optional, name)) {
      fail(Errc::InvalidArgument, "point_cloud", "no column '", shown(name), "'; there are ",
           join(cloud.columns));
    }
  }
  return found;
}

// An array's columns have no names either: they are declared as those of raw rows are.
PointCloud from_array(const NpyArray& array, std::span<const std::string> columns, std::string_view name) {
  if (array.shape.size() != 2 ||
      (!columns.empty() && array.shape[1] != static_cast<std::int64_t>(columns.size()))) {
    fail(Errc::InvalidArgument, "point_cloud", name, " is no array of [points, ", columns.size(), "] (",
         join(columns), ")");
  }
  const std::vector<float> values = array.to_floats();
  return decode_bin(std::as_bytes(std::span(values)), columns, name);
}

}  // namespace

PointCloud decode_bin(std::span<const std::byte> bytes, std::span<const std::string> columns,
                      std::string_view name) {
  if (columns.empty()) {
    fail(Errc::InvalidArgument, "point_cloud", name,
         ": name the columns of this file, e.g. x y z intensity (KITTI) or x y z intensity ring "
         "(nuScenes)");
  }
  std::vector<detail::Field> fields;
  for (const std::string& column : columns) {
    const std::string lower = detail::column_name(column);
    if (lower.empty() || index_of(columns.first(fields.size()), column)) {
      fail(Errc::InvalidArgument, "point_cloud", "the columns ", join(columns), " are not unique names");
    }
    fields.push_back({lower, detail::Scalar::F32});
  }
  detail::check_columns(fields, name);
  const std::size_t row = detail::row_size(fields), rows = bytes.size() / row;
  if (bytes.size() % row != 0) {
    fail(Errc::Corrupt, "point_cloud", name, " has ", bytes.size(), " bytes, no whole number of rows of ",
         columns.size(), " float32 (", join(columns), ")");
  }
  if (rows > static_cast<std::size_t>(kMaxPoints)) {
    fail(Errc::ResourceExhausted, "point_cloud", name, " has ", rows, " points; at most ", kMaxPoints,
         " are read");
  }
  return detail::gather(bytes, fields, detail::layout_by_row(fields), rows, false);
}

PointCloud read_point_cloud(const std::filesystem::path& path, std::span<const std::string> bin_columns) {
  const std::string ending = detail::column_name(path.extension().string());
  if (ending != ".bin" && ending != ".npy" && ending != ".pcd" && ending != ".ply") {
    fail(Errc::Unsupported, "point_cloud", path.string(), " ends in none of .bin, .npy, .pcd, .ply");
  }
  if (ending == ".npy") return from_array(read_npy(path), bin_columns, path.string());
  const auto bytes = read_bytes(path, kMaxCloudBytes);
  if (ending == ".pcd") return decode_pcd(bytes, path.string());
  if (ending == ".ply") return decode_ply(bytes, path.string());
  return decode_bin(bytes, bin_columns, path.string());
}

PointCloud select_columns(const PointCloud& cloud, std::span<const std::string> names,
                          std::span<const std::string> optional) {
  const auto from = find_columns(cloud, names, optional);
  PointCloud out{{names.begin(), names.end()}, {}, 0, cloud.dropped};
  out.values.reserve(static_cast<std::size_t>(cloud.rows) * names.size());
  const std::size_t width = cloud.columns.size();
  for (std::size_t start = 0; start + width <= cloud.values.size(); start += width) {
    const auto value = [&](std::size_t i) { return from[i] ? cloud.values[start + *from[i]] : 0.0F; };
    bool finite = true;
    for (std::size_t i = 0; i < from.size(); ++i) finite = finite && std::isfinite(value(i));
    if (!finite) {
      ++out.dropped;
      continue;
    }
    for (std::size_t i = 0; i < from.size(); ++i) out.values.push_back(value(i));
    ++out.rows;
  }
  return out;
}

}  // namespace lateral::format
