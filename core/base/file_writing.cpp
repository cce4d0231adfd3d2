// The half of file.hpp that writes: a file of its own, so that plugins which read with core/base do not bring it along (it
// looks at the process' umask, which the checker of plugins would ask about).
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ext/stdio_filebuf.h>
#include <limits>

#include "core/base/descriptor.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/file_error.hpp"

namespace lateral {
namespace {

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
