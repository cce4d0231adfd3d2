#include "host/output_folder.hpp"

#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "core/base/error.hpp"

namespace lateral::host {

void require_output_folder(const std::filesystem::path& folder) {
  std::error_code refused;
  std::filesystem::create_directories(folder, refused);
  if (!refused && ::access(folder.c_str(), W_OK | X_OK) != 0) refused.assign(errno, std::generic_category());
  if (refused) {
    fail(Errc::Io, "output", "cannot write in ", folder.string(), ": ", refused.message(),
         "; name another folder");
  }
}

}  // namespace lateral::host
