#pragma once
// What goes into an encoder and what comes out, on the host's side of the ABI. No torch: Tokens are plain
// memory that at::from_blob can wrap.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lateral::plugin {

enum class InputKind { Image = 1, Points, Audio, Table, Text, Raw };
enum class DType { U8, F32 };

std::string_view name_of(InputKind kind) noexcept;
std::string_view name_of(DType dtype) noexcept;
std::size_t size_of(DType dtype) noexcept;

/// One decoded input of a sample.
/// The data are compact and row-major, borrowed from the caller during encode().
///   Image   U8   [views, height, width, 3] RGB
///   Points  F32  [points, columns]
///   Audio   F32  [samples] mono
///   Table   F32  [rows, columns]
///   Text    U8   [bytes] UTF-8
///   Raw     U8   [bytes]
struct Input {
  std::string name;
  InputKind kind = InputKind::Raw;
  DType dtype = DType::U8;
  std::vector<std::int64_t> shape;
  const void* data = nullptr;
  /// Points, Table: names of the last axis; the encoder's are picked from them.
  std::vector<std::string> columns;
  double rate_hz = 0;        ///< Audio
  std::int64_t time_ns = 0;  ///< when it was recorded, 0 = unknown
};

/// Zeroed host memory, 256-byte aligned, with a canary behind it. Move-only.
class AlignedBuffer {
 public:
  static constexpr std::size_t kAlignment = 256;

  AlignedBuffer() = default;
  /// Throws ResourceExhausted.
  explicit AlignedBuffer(std::size_t bytes);

  std::byte* data() const noexcept { return data_.get(); }
  std::size_t size() const noexcept { return size_; }
  /// False when somebody wrote behind the end.
  bool intact() const noexcept;

 private:
  struct Free {
    void operator()(std::byte* memory) const noexcept;
  };
  std::unique_ptr<std::byte, Free> data_;
  std::size_t size_ = 0;
};

/// float32 [rows, width] in memory of its own. Move-only.
struct Matrix {
  AlignedBuffer buffer;
  std::int64_t rows = 0;
  std::int64_t width = 0;

  std::span<float> values() const noexcept {
    return {reinterpret_cast<float*>(buffer.data()), static_cast<std::size_t>(rows * width)};
  }
  std::span<float> row(std::int64_t i) const noexcept {
    return values().subspan(static_cast<std::size_t>(i * width), static_cast<std::size_t>(width));
  }
};

/// What an encoder made of one sample. All numbers are finite.
/// Extra outputs are there when the encoder declares them.
struct Tokens {
  Matrix tokens;                           ///< [n_tokens, token_width]
  std::optional<Matrix> scores;            ///< [n_tokens, 1], higher = keep
  std::optional<Matrix> keys;              ///< [n_tokens, key width]
  std::optional<Matrix> positions;         ///< [n_tokens, axes]
  std::vector<std::string> position_axes;  ///< e.g. "x", "y", "z"
  std::string token_space;
};

}  // namespace lateral::plugin
