#pragma once
// Which files a worker in a sandbox may open (Landlock).

#include <filesystem>
#include <string>

namespace lateral::plugin::worker {

/// From now on: reading below `folder` and the system's libraries, nothing else, for good. Returns what this
/// kernel lacks of it, empty = nothing. Throws Internal when it refuses what it has.
/// REQUIRES: no_new_privs is set.
std::string restrict_files(const std::filesystem::path& folder);

}  // namespace lateral::plugin::worker
