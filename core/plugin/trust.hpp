#pragma once
// Who may have written a file whose code is about to run with all that this process may do.

#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

namespace lateral::plugin {

/// root, the effective user, and the owner of the program's own file. Whoever can replace the program needs no
/// plugin to run code here; so a checkout that belongs to another user works for root in a container.
std::vector<uid_t> trusted_owners();

struct Trust {
  bool strict = false;  ///< refuse everything that a group may write, also the owner's own
  std::vector<uid_t> owners = trusted_owners();
};

/// Why a file or folder of this status is not to be trusted, each with what to change; empty = it is. What a
/// group may write is accepted only if it is the owner's own primary group (umask 002 is usual there).
std::vector<std::string> objections(const std::filesystem::path& path, const struct stat& status,
                                    const Trust& trust);

}  // namespace lateral::plugin
