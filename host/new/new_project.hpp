#pragma once
// A new plugin's project, written from the templates that are installed with the plugin API.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lateral::host {

/// The languages there are templates for: their folders' names.
inline constexpr std::string_view kPluginLanguages[] = {"c", "cpp", "rust"};

struct NewProject {
  std::string name;      ///< plugin id, CMake target and crate: [a-z][a-z0-9_]*, at most 31 characters
  std::string language;  ///< of kPluginLanguages
  std::filesystem::path folder;     ///< made; must not exist, or be empty
  std::filesystem::path templates;  ///< holds a folder `common` and one a language
};

/// Where the templates lie for the running program: ../share/lateral/templates from its folder.
std::filesystem::path installed_templates();

/// Writes all files, or none, and returns them. Throws InvalidArgument for a name or language that cannot be,
/// FailedPrecondition when the folder holds something, NotFound without templates, Io.
std::vector<std::filesystem::path> write_project(const NewProject& project);

}  // namespace lateral::host
