#pragma once
// Plugins that compute with their host's libtorch. The checker links none: it finds one, and only the children that run
// such a plugin map it, as a worker does.

#include <filesystem>
#include <map>
#include <string>

namespace lateral::conformance {

/// The folder of libtorch's libraries: `given` or its lib/; else that of the libtorch which this program has mapped; else
/// LATERAL_TORCH or its lib/; else the first of LD_LIBRARY_PATH that holds it. Empty when it is nowhere. Throws NotFound
/// when `given` holds none.
std::filesystem::path find_libtorch(const std::filesystem::path& given);

/// Maps what the plugin at `plugin` shares with a host, out of `folder`, for good. REQUIRES: no thread and nothing of the
/// plugin is there yet. Throws what plugin::map_libraries() does.
void map_libtorch(const std::filesystem::path& folder, const std::filesystem::path& plugin);

/// What libtorch keeps for the whole process and for the calling thread, by name ("threads" -> "2"). Empty when none is
/// mapped; without what the mapped one does not tell.
std::map<std::string, std::string> libtorch_settings();

}  // namespace lateral::conformance
