#pragma once
// Tensors in safetensors files (the format of Hugging Face, https://github.com/huggingface/safetensors):
// 8 bytes of header length, a JSON header, then all tensors without gaps. Files are mapped, never copied, and
// checked in full when they are opened: a damaged or hostile file costs one clear error.
// Thread safety: everything here is immutable after construction and may be used from any thread.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/file.hpp"

namespace lateral::format {

enum class Dtype : std::uint8_t { F64, F32, F16, BF16, I64, I32, I16, I8, U8, Bool };

/// Bytes of one element.
std::size_t size_of(Dtype dtype) noexcept;
/// The format's name, e.g. "BF16".
std::string_view name_of(Dtype dtype) noexcept;

/// A tensor whose bytes belong to somebody else: row-major, little-endian, not necessarily aligned (files of
/// other writers may have an odd header length).
struct TensorView {
  std::string name;
  Dtype dtype = Dtype::F32;
  std::vector<std::int64_t> shape;  ///< empty for a scalar
  std::span<const std::byte> bytes;

  std::int64_t elements() const noexcept { return static_cast<std::int64_t>(bytes.size() / size_of(dtype)); }
  /// Whether the bytes may be read through a pointer to the element type.
  bool aligned() const noexcept {
    return reinterpret_cast<std::uintptr_t>(bytes.data()) % size_of(dtype) == 0;
  }
};

using Metadata = std::map<std::string, std::string>;

/// One open file. The views live as long as the object or any copy of mapping().
class SafetensorsFile {
 public:
  /// Throws NotFound, Io, or Corrupt naming the tensor and what is wrong with it; Unsupported for a dtype of
  /// the format that lateral does not use.
  explicit SafetensorsFile(const std::filesystem::path& path);

  /// In the order of their bytes.
  std::span<const TensorView> tensors() const noexcept { return tensors_; }
  /// Null when there is none of that name.
  const TensorView* find(std::string_view name) const noexcept;
  /// Throws NotFound.
  const TensorView& at(std::string_view name) const;
  const Metadata& metadata() const noexcept { return metadata_; }
  const std::filesystem::path& path() const noexcept { return mapping_->path(); }
  /// Keep a copy wherever the bytes must outlive this object.
  std::shared_ptr<const MappedFile> mapping() const noexcept { return mapping_; }

 private:
  std::shared_ptr<const MappedFile> mapping_;
  std::vector<TensorView> tensors_;
  std::map<std::string, std::size_t, std::less<>> by_name_;
  Metadata metadata_;
};

/// The weights of a Hugging Face directory: `model.safetensors`, or without it the shards that
/// `model.safetensors.index.json` names. Every tensor of the index must be in the shard it names, and no
/// shard may hold one that the index omits.
class SafetensorsFolder {
 public:
  /// Throws as SafetensorsFile; NotFound when the directory holds neither file; Corrupt when the index leads
  /// out of the directory.
  explicit SafetensorsFolder(const std::filesystem::path& folder);

  const TensorView* find(std::string_view name) const noexcept;
  const TensorView& at(std::string_view name) const;
  /// Sorted by name.
  std::vector<const TensorView*> tensors() const;
  std::span<const SafetensorsFile> files() const noexcept { return files_; }
  /// The file that holds a tensor of this folder, e.g. to keep its mapping.
  const SafetensorsFile& file_of(std::string_view name) const;

 private:
  std::filesystem::path folder_;
  std::vector<SafetensorsFile> files_;
  std::map<std::string, std::size_t, std::less<>> file_of_;
};

/// Writes a file that depends on nothing but its arguments: tensors by element size, then name (the order of
/// the reference implementation), metadata by key, header padded so that every tensor is aligned.
/// Interrupted, it leaves the old file. Throws InvalidArgument for a name used twice, a reserved name, or
/// bytes that do not fit the shape.
void write_safetensors(const std::filesystem::path& path, std::span<const TensorView> tensors,
                       const Metadata& metadata = {});

}  // namespace lateral::format
