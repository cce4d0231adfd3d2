#include "core/base/private_folder.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

#include "core/base/error.hpp"

namespace lateral {

PrivateFolder::PrivateFolder() {
  std::error_code error;
  const auto parent = std::filesystem::temp_directory_path(error);
  std::string name = (parent / "lateral-XXXXXX").string();
  if (error || ::mkdtemp(name.data()) == nullptr) {
    fail(Errc::Io, "file", "cannot make a folder in ", parent.empty() ? "/tmp" : parent.string(), ": ",
         error ? error.message() : std::strerror(errno), "; name another place with TMPDIR");
  }
  path_ = name;
}

PrivateFolder::~PrivateFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

PrivateFolder::PrivateFolder(PrivateFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}

PrivateFolder& PrivateFolder::operator=(PrivateFolder&& other) noexcept {
  path_.swap(other.path_);
  return *this;
}

}  // namespace lateral
