#pragma once
// NumPy's .npy files (format versions 1 to 3): little-endian f4, f8, i4, i8, u1, b1 in C order. Nothing that
// needs pickle is read. Specification: numpy.lib.format.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace lateral::format {

enum class NpyType { F32, F64, I32, I64, U8, Bool };

std::size_t size_of(NpyType type) noexcept;
std::string_view name_of(NpyType type) noexcept;

struct NpyArray {
  NpyType type = NpyType::F32;
  std::vector<std::int64_t> shape;  ///< empty for a scalar
  std::vector<std::byte> data;      ///< C order, exactly product(shape) elements

  std::int64_t elements() const noexcept { return static_cast<std::int64_t>(data.size() / size_of(type)); }
  /// The elements converted to float32; integers above 2^24 lose their last digits.
  std::vector<float> to_floats() const;
  /// The same as doubles; integers above 2^53 lose their last digits.
  std::vector<double> to_doubles() const;
};

/// Throws Corrupt (truncated, malformed, sizes that do not fit), Unsupported (Fortran order, big endian,
/// other types). Bytes after the array are Corrupt too. `name` is for messages.
NpyArray decode_npy(std::span<const std::byte> bytes, std::string_view name);

/// decode_npy of a file of at most 1 GiB.
NpyArray read_npy(const std::filesystem::path& path);

/// A file (version 1) of float32 in C order. Throws InvalidArgument when `shape` has another number of
/// elements.
std::vector<std::byte> encode_npy(std::span<const float> values, const std::vector<std::int64_t>& shape);

}  // namespace lateral::format
