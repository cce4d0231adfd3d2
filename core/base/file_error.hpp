#pragma once
// Internal to core/base: what the system says of a file, as an error.

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/base/error.hpp"

namespace lateral {

[[noreturn]] inline void fail_with_errno(const std::filesystem::path& path, const char* action) {
  const int error = errno;
  fail(error == ENOENT ? Errc::NotFound : Errc::Io, "file", "cannot ", action, " ", path.string(), ": ",
       std::strerror(error));
}

}  // namespace lateral
