#include "core/plugin/search.hpp"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <sstream>
#include <string>

#include "core/base/error.hpp"
#include "core/plugin/inspection.hpp"

namespace lateral::plugin {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kSuffix = ".lateral.so";

std::string list(const SearchPath& search) {
  std::string text;
  for (const auto& folder : search) text += (text.empty() ? "" : ", ") + folder.string();
  return text.empty() ? "nowhere" : text;
}

}  // namespace

SearchPath program_folders() {
  std::error_code error;
  const auto program = fs::read_symlink("/proc/self/exe", error);
  if (error) return {};
  return {program.parent_path(), program.parent_path().parent_path() / "lib/lateral"};
}

SearchPath default_search() {
  SearchPath search;
  if (const char* const named = std::getenv("LATERAL_PLUGIN_PATH")) {
    std::istringstream folders(named);
    for (std::string folder; std::getline(folders, folder, ':');) {
      if (!folder.empty()) search.emplace_back(folder);
    }
  }
  const auto own = program_folders();
  search.insert(search.end(), own.begin(), own.end());
  return search;
}

std::vector<fs::path> plugin_files(const SearchPath& search) {
  std::vector<fs::path> files;
  for (const auto& folder : search) {
    std::vector<fs::path> here;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
      if (entry.path().string().ends_with(kSuffix)) here.push_back(entry.path());
    }
    std::sort(here.begin(), here.end());
    files.insert(files.end(), here.begin(), here.end());
  }
  return files;
}

fs::path find_plugin(std::string_view id_or_file, const SearchPath& search) {
  if (names_a_file(id_or_file)) return id_or_file;
  for (const auto& folder : search) {
    auto file = folder / (std::string(id_or_file) + std::string(kSuffix));
    if (fs::exists(file)) return file;
  }
  std::set<std::string> ids;
  for (const auto& file : plugin_files(search)) {
    try {
      const auto facts = inspect(file);
      if (facts.library_id == id_or_file) return file;
      ids.insert(facts.library_id);
    } catch (const Error&) {
      // A broken neighbour does not hide the one that is sought; list() shows what is wrong with it.
    }
  }
  std::string known;
  for (const auto& id : ids) known += (known.empty() ? "" : ", ") + id;
  fail(Errc::NotFound, "plugin", "no plugin \"", id_or_file, "\" in ", list(search),
       "; there are: ", known.empty() ? "none" : known);
}

}  // namespace lateral::plugin
