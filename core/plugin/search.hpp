#pragma once
// Where plugin files are looked for.

#include <filesystem>
#include <string_view>
#include <vector>

#include "core/config/config.hpp"

namespace lateral::plugin {

/// Folders in the order they are searched.
using SearchPath = std::vector<std::filesystem::path>;

/// Where the program's own plugins are: beside the program, then ../lib/lateral from it.
SearchPath program_folders();

/// LATERAL_PLUGIN_PATH (folders separated by ':'), then program_folders().
SearchPath default_search();

/// All *.lateral.so in these folders, sorted by folder and name; folders that do not exist are skipped.
std::vector<std::filesystem::path> plugin_files(const SearchPath& search);

using config::names_a_file;

/// The file for a library's id or a file name: FOLDER/ID.lateral.so, else the first file whose note carries the id.
/// Runs no plugin code. Throws NotFound, naming the folders and the ids that are there.
std::filesystem::path find_plugin(std::string_view id_or_file, const SearchPath& search);

}  // namespace lateral::plugin
