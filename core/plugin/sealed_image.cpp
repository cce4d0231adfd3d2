#include "core/plugin/sealed_image.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "core/base/error.hpp"

namespace lateral::plugin {
namespace {

[[noreturn]] void fail_with_errno(const char* action) {
  fail(Errc::Io, "plugin", "cannot ", action, " a copy in memory: ", std::strerror(errno));
}

void write_all(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail_with_errno("write");
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
}

}  // namespace

SealedImage::SealedImage(const std::string& name, std::span<const std::byte> content) {
  fd_ = ::memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd_ < 0) fail_with_errno("make");
  try {
    write_all(fd_, content);
    if (::fcntl(fd_, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
      fail_with_errno("seal");
    }
    map();
  } catch (...) {
    ::close(fd_);
    throw;
  }
}

SealedImage::SealedImage(int inherited) : fd_(inherited) {
  try {
    map();
  } catch (...) {
    ::close(fd_);
    throw;
  }
}

void SealedImage::map() {
  struct stat status {};
  if (::fstat(fd_, &status) != 0) fail_with_errno("look at");
  device_ = status.st_dev;
  inode_ = status.st_ino;
  size_ = static_cast<std::size_t>(status.st_size);
  if (size_ == 0) return;
  void* const view = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd_, 0);
  if (view == MAP_FAILED) fail_with_errno("map");
  data_ = static_cast<const std::byte*>(view);
}

SealedImage::~SealedImage() {
  if (data_ != nullptr)
    ::munmap(const_cast<std::byte*>(data_), size_);  // NOLINT: munmap takes what mmap gave
  ::close(fd_);
}

std::filesystem::path SealedImage::loader_path() const {
  return "/proc/self/fd/" + std::to_string(fd_);
}

}  // namespace lateral::plugin
