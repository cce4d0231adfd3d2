#include "core/base/file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ext/stdio_filebuf.h>
#include <limits>
#include <utility>

#include "core/base/descriptor.hpp"
#include "core/base/error.hpp"

namespace lateral {
namespace {

[[noreturn]] void fail_with_errno(const std::filesystem::path& path, const char* action) {
  const int error = errno;
  fail(error == ENOENT ? Errc::NotFound : Errc::Io, "file", "cannot ", action, " ", path.string(), ": ",
       std::strerror(error));
}

struct OpenFile {
  int fd;
  std::uint64_t size;
};

OpenFile open_regular(const std::filesystem::path& path) {
  // O_NONBLOCK: opening a FIFO that nobody writes must not hang the host.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) fail_with_errno(path, "open");
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(fd);
    fail(Errc::InvalidArgument, "file", path.string(), " is not a regular file");
  }
  return {fd, static_cast<std::uint64_t>(status.st_size)};
}

/// A temporary file beside its target, removed unless renamed.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::filesystem::path& target)
      : name_(target.string() + ".tmp-XXXXXX"), fd_(::mkostemp(name_.data(), O_CLOEXEC)) {
    if (fd_ < 0) fail_with_errno(name_, "create");
  }
  ~TemporaryFile() {
    if (fd_ >= 0) ::close(fd_);
    if (!renamed_) ::unlink(name_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  int fd() const { return fd_; }

  void rename_to(const std::filesystem::path& target) {
    // mkostemp makes 0600; give what an ordinary new file would have.
    const mode_t mask = ::umask(0);
    ::umask(mask);
    if (::fchmod(fd_, 0666 & ~mask) != 0 || ::fsync(fd_) != 0) fail_with_errno(name_, "sync");
    if (::rename(name_.c_str(), target.c_str()) != 0) fail_with_errno(target, "replace");
    renamed_ = true;
  }

 private:
  std::string name_;
  int fd_;
  bool renamed_ = false;
};

void sync_folder_of(const std::filesystem::path& path) {
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  const Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() >= 0) ::fsync(fd.get());  // best effort: some file systems refuse it
}

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& path) : path_(path) {
  const auto [raw_fd, size] = open_regular(path);
  const Descriptor fd(raw_fd);
  if (size == 0) return;
  void* const mapped = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (mapped == MAP_FAILED) fail_with_errno(path, "map");
  data_ = static_cast<const std::byte*>(mapped);
  size_ = size;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

std::vector<std::byte> read_bytes(int fd, const std::filesystem::path& path, std::uint64_t max_bytes) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) fail_with_errno(path, "look at");
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > max_bytes) {
    fail(Errc::ResourceExhausted, "file", path.string(), " has ", size, " bytes; at most ", max_bytes,
         " are read here");
  }
  std::vector<std::byte> bytes(size);
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::pread(fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_with_errno(path, "read");
    if (got == 0) break;  // it shrank meanwhile: what is there is what there is
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

std::vector<std::byte> read_bytes(const std::filesystem::path& path, std::uint64_t max_bytes) {
  const Descriptor fd(open_regular(path).fd);
  return read_bytes(fd.get(), path, max_bytes);
}

std::string read_text(const std::filesystem::path& path, std::uint64_t max_bytes) {
  const auto bytes = read_bytes(path, max_bytes);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void write_atomically(const std::filesystem::path& path, const std::function<void(std::ostream&)>& body) {
  TemporaryFile temporary(path);
  {
    // The buffer owns a duplicate, because it closes what it is given and we sync afterwards.
    __gnu_cxx::stdio_filebuf<char> buffer(::dup(temporary.fd()), std::ios::out | std::ios::binary);
    std::ostream out(&buffer);
    body(out);
    out.flush();
    if (!out) fail(Errc::Io, "file", "cannot write ", path.string(), ": ", std::strerror(errno));
  }
  temporary.rename_to(path);
  sync_folder_of(path);
}

void write_atomically(const std::filesystem::path& path, std::string_view text) {
  write_atomically(
      path, [&](std::ostream& out) { out.write(text.data(), static_cast<std::streamsize>(text.size())); });
}

void rename_file(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) fail_with_errno(from, "rename");
  sync_folder_of(to);
}

void exchange_files(const std::filesystem::path& a, const std::filesystem::path& b) {
  if (::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0) {
    sync_folder_of(a);
    sync_folder_of(b);
    return;
  }
  if (errno != EINVAL && errno != ENOSYS) fail_with_errno(b, "exchange");
  constexpr auto kAny = std::numeric_limits<std::uint64_t>::max();
  const std::string text = read_text(a, kAny);
  write_atomically(a, read_text(b, kAny));
  write_atomically(b, text);
}

}  // namespace lateral
