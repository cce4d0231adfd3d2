#include "core/plugin/plugin_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/file.hpp"

namespace lateral::plugin {
namespace {

[[noreturn]] void fail_with_errno(const std::filesystem::path& path, std::string_view action) {
  const int error = errno;
  fail(error == ENOENT ? Errc::NotFound : Errc::Io, "plugin", "cannot ", action, " ", path.string(), ": ",
       std::strerror(error));
}

std::string_view kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return S_ISLNK(mode) ? "a link" : "a device";
}

std::filesystem::path resolved(const std::filesystem::path& named) {
  std::error_code error;
  auto real = std::filesystem::canonical(named, error);
  if (!error) return real;
  std::error_code ignored;
  const bool link = std::filesystem::is_symlink(named, ignored);
  fail(error == std::errc::no_such_file_or_directory ? Errc::NotFound : Errc::Io, "plugin", named.string(),
       link ? ": the link leads nowhere: " : ": ", error.message());
}

void refuse_program(const std::filesystem::path& path, const struct stat& status) {
  struct stat program {};
  if (::stat("/proc/self/exe", &program) != 0) return;
  if (program.st_dev == status.st_dev && program.st_ino == status.st_ino) {
    fail(Errc::Unsupported, "plugin", path.string(), " is this program itself, not a plugin");
  }
}

}  // namespace

PluginFile::PluginFile(std::filesystem::path path, Descriptor folder)
    : path_(std::move(path)), folder_(std::move(folder)) {
  // O_NONBLOCK: opening a pipe that nobody writes must not hang the host. The folder is open and the name is not
  // followed: the folder that will be judged is the one that holds the file.
  file_ = Descriptor(::openat(folder_.get(), path_.filename().c_str(),
                              O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  // A socket cannot be opened, a link is not; both can be looked at.
  if (file_.get() < 0 && errno != ENXIO && errno != ELOOP) fail_with_errno(path_, "open");
  const int looked = file_.get() >= 0
                         ? ::fstat(file_.get(), &status_)
                         : ::fstatat(folder_.get(), path_.filename().c_str(), &status_, AT_SYMLINK_NOFOLLOW);
  if (looked != 0) fail_with_errno(path_, "look at");
  if (!S_ISREG(status_.st_mode) || file_.get() < 0) {
    fail(Errc::InvalidArgument, "plugin", path_.string(), " is ", kind_of(status_.st_mode),
         ", not a regular file");
  }
}

PluginFile PluginFile::open(const std::filesystem::path& named) {
  const auto real = resolved(named);
  Descriptor folder(::open(real.parent_path().c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (folder.get() < 0) fail_with_errno(real.parent_path(), "open");
  PluginFile file(real, std::move(folder));
  refuse_program(file.path_, file.status_);
  return file;
}

std::optional<PluginFile> PluginFile::beside(const std::string& name) const {
  struct stat status {};
  if (::fstatat(folder_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT) {
    return std::nullopt;
  }
  Descriptor folder(::fcntl(folder_.get(), F_DUPFD_CLOEXEC, 0));
  if (folder.get() < 0) fail_with_errno(path_.parent_path(), "open");
  return PluginFile(path_.parent_path() / name, std::move(folder));
}

std::vector<std::byte> PluginFile::read(std::uint64_t max_bytes) const {
  return read_bytes(file_.get(), path_, max_bytes);
}

std::vector<std::string> PluginFile::objections(const Trust& trust) const {
  auto found = plugin::objections(path_, status_, trust);
  struct stat folder {};
  if (::fstat(folder_.get(), &folder) != 0) fail_with_errno(path_.parent_path(), "look at");
  const auto above = plugin::objections(path_.parent_path(), folder, trust);
  found.insert(found.end(), above.begin(), above.end());
  return found;
}

}  // namespace lateral::plugin
