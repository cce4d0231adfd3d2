#pragma once
// A private copy of a plugin's file in memory that nobody can change any more. What is checked is what runs:
// the file may be overwritten or truncated afterwards. It also gives each loaded copy a path of its own; for
// a path that is already loaded, glibc returns the old library even after the file was replaced.

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

namespace lateral::plugin {

/// The descriptor must stay open while the library is mapped: glibc recognises libraries by name,
/// and a reused /proc/self/fd/N would lead to the old one.
class SealedImage {
 public:
  /// Copies and seals. `name` is what the kernel shows. Throws Io or ResourceExhausted.
  SealedImage(const std::string& name, std::span<const std::byte> content);
  /// Takes over the descriptor of an image that another process sealed. Throws Io.
  explicit SealedImage(int inherited);
  ~SealedImage();
  SealedImage(const SealedImage&) = delete;
  SealedImage& operator=(const SealedImage&) = delete;

  std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }
  /// What dlopen is given.
  std::filesystem::path loader_path() const;
  int descriptor() const noexcept { return fd_; }
  dev_t device() const noexcept { return device_; }
  ino_t inode() const noexcept { return inode_; }

 private:
  void map();

  int fd_ = -1;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace lateral::plugin
