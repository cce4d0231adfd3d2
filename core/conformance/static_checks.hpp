#pragma once
// What can be judged without running anything of the plugin: the file, its ELF structure, its note.

#include <filesystem>
#include <string>
#include <vector>

#include "core/conformance/finding.hpp"
#include "core/conformance/probe.hpp"
#include "core/conformance/settings.hpp"

namespace lateral::conformance {

std::vector<TestInfo> static_catalogue();

struct StaticVerdict {
  std::vector<Finding> findings;
  std::string plugin_id;
  std::string version;
  bool runnable = false;         ///< the loader may be let near it
  bool shares_libtorch = false;  ///< it computes with its host's, which is here
  std::vector<std::string>
      absent_libtorch;  ///< what it needs of its host's, which is not here: it cannot be run
};

/// Reads the file once. `libtorch`: the folder of what it may share with a host, or empty. Throws NotFound when there
/// is nothing at its path.
StaticVerdict check_static(const Settings& settings, const std::filesystem::path& libtorch);

}  // namespace lateral::conformance
