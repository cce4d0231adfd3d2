#pragma once
// Reading and writing files so that bad input costs one clear error and an interrupted write costs nothing.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lateral {

/// A regular file mapped read-only for as long as the object lives. Move-only.
/// The file must not be truncated by others meanwhile: reading beyond the new end raises SIGBUS. Files that
/// may change under us (plugins) are copied first instead.
class MappedFile {
 public:
  /// Throws NotFound, Io, or InvalidArgument when `path` is not a regular file.
  /// An empty file maps to an empty span.
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// The whole of a regular file. Throws NotFound, Io, or ResourceExhausted when it is larger than `max_bytes`.
std::vector<std::byte> read_bytes(const std::filesystem::path& path, std::uint64_t max_bytes);
/// The same of a file that is open already; `path` is for messages.
std::vector<std::byte> read_bytes(int fd, const std::filesystem::path& path, std::uint64_t max_bytes);
std::string read_text(const std::filesystem::path& path, std::uint64_t max_bytes);

/// Calls `body` with a stream to a temporary file beside `path`, then syncs, renames it to `path` and syncs
/// the folder. If anything throws or the process dies, `path` is what it was before. Throws Io.
void write_atomically(const std::filesystem::path& path, const std::function<void(std::ostream&)>& body);
void write_atomically(const std::filesystem::path& path, std::string_view text);

/// Renames in one step, replacing `to`, and syncs the folder. Throws NotFound or Io.
void rename_file(const std::filesystem::path& from, const std::filesystem::path& to);

/// Gives two files each other's name in one step. A file system that cannot do so (NFS, FAT) gets both rewritten, one
/// after the other: a crash in between leaves the content of `b` in both. Throws NotFound or Io.
void exchange_files(const std::filesystem::path& a, const std::filesystem::path& b);

}  // namespace lateral
