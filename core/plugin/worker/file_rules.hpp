#pragma once
// Which files a worker in a sandbox may open (Landlock).

#include <filesystem>
#include <span>
#include <string>

namespace lateral::plugin::worker {

/// From now on: reading the files and below the folders of `readable`, the system's libraries and what it says of its
/// processors, nothing else, for good. Returns what this kernel lacks of it, empty = nothing. Throws Internal when it
/// refuses what it has.
/// REQUIRES: no_new_privs is set.
std::string restrict_files(std::span<const std::filesystem::path> readable);

}  // namespace lateral::plugin::worker
