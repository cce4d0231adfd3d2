#pragma once
// A folder for files that a program needs for a while.

#include <filesystem>

namespace lateral {

/// A new empty folder below TMPDIR (or /tmp) that its user alone can enter; removed, with all that is in it, with the
/// object. Move-only. A program that is killed leaves it behind.
class PrivateFolder {
 public:
  /// Throws Io.
  PrivateFolder();
  ~PrivateFolder();
  PrivateFolder(PrivateFolder&& other) noexcept;
  PrivateFolder& operator=(PrivateFolder&& other) noexcept;
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;

  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace lateral
