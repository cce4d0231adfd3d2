#pragma once
// Weights by name from safetensors, as the float32 tensors that encoders compute with.

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <vector>

#include "core/base/hash.hpp"
#include "core/format/safetensors.hpp"

namespace lateral::plugins {

/// One Hugging Face directory (or one safetensors file) while an encoder is made from it. What is taken is copied, so
/// that whatever happens to the files later changes nothing.
class Weights {
 public:
  /// A directory, sharded or not, or a .safetensors file. Throws as format::SafetensorsFolder and SafetensorsFile.
  explicit Weights(const std::filesystem::path& source);

  bool has(const std::string& name) const { return find(name) != nullptr; }
  /// The sizes of a tensor. Throws as take().
  std::vector<std::int64_t> shape(const std::string& name) const { return at(name).shape; }
  /// The tensor, widened to float32. -1 in `shape` stands for any size. Throws lateral::Error: NotFound, or Corrupt for
  /// another shape, a type that is not floating, or a number that is not finite; the text names file and tensor.
  at::Tensor take(const std::string& name, const std::vector<std::int64_t>& shape);

  /// A hash over everything taken so far, names and numbers, in the order of taking: part of a token space.
  const Hash64& taken() const noexcept { return taken_; }
  const std::filesystem::path& source() const noexcept { return source_; }

 private:
  const format::TensorView* find(const std::string& name) const;
  const format::TensorView& at(const std::string& name) const;
  [[noreturn]] void reject(const std::string& name, const std::string& why) const;

  std::filesystem::path source_;
  std::vector<format::SafetensorsFolder> folder_;  // one of these two
  std::vector<format::SafetensorsFile> file_;
  Hash64 taken_;
};

}  // namespace lateral::plugins
