#include "host/new/new_project.hpp"

#include <algorithm>
#include <cctype>
#include <map>

#include "core/base/error.hpp"
#include "core/base/file.hpp"

namespace lateral::host {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t kMaxTemplate = 1U << 20U;
constexpr std::size_t kMaxName = 31;
/// Goes into the README of its language, and is no file of the project.
constexpr std::string_view kSteps = "STEPS";

using Words = std::map<std::string, std::string>;

void check_name(const std::string& name) {
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  if (name.empty() || name.size() > kMaxName || !std::all_of(name.begin(), name.end(), allowed) ||
      name[0] < 'a') {
    fail(Errc::InvalidArgument, "plugin new", "'", name, "' cannot be a plugin's name: it has 1 to ",
         kMaxName, " characters of [a-z0-9_] and begins with a letter");
  }
}

void check_language(const std::string& language) {
  const std::vector<std::string> known(std::begin(kPluginLanguages), std::end(kPluginLanguages));
  if (std::find(known.begin(), known.end(), language) != known.end()) return;
  fail(Errc::InvalidArgument, "plugin new", "there are templates for c, cpp and rust, not for '", language,
       "'");
}

/// "my_radar" is the class MyRadar.
std::string class_name(const std::string& name) {
  std::string result;
  bool upper = true;
  for (const char c : name) {
    if (c != '_') result += upper ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    upper = c == '_';
  }
  return result;
}

std::string replaced(std::string text, const Words& words) {
  for (const auto& [word, value] : words) {
    for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + value.size())) {
      text.replace(at, word.size(), value);
    }
  }
  return text;
}

/// Template files by the names they get in the project.
std::map<fs::path, fs::path> files_of(const fs::path& templates, const std::string& language,
                                      const Words& words) {
  std::map<fs::path, fs::path> files;
  for (const auto& folder : {templates / "common", templates / language}) {
    if (!fs::is_directory(folder)) {
      fail(Errc::NotFound, "plugin new", "the templates are not installed: there is no ", folder.string());
    }
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (!entry.is_regular_file() || entry.path().filename() == kSteps) continue;
      files[replaced(fs::relative(entry.path(), folder).string(), words)] = entry.path();
    }
  }
  return files;
}

std::string without_last_break(std::string text) {
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace

fs::path installed_templates() {
  return fs::read_symlink("/proc/self/exe").parent_path().parent_path() / "share/lateral/templates";
}

std::vector<fs::path> write_project(const NewProject& project) {
  check_name(project.name);
  check_language(project.language);
  Words words{{"@NAME@", project.name}, {"@CLASS@", class_name(project.name)}};
  const auto files = files_of(project.templates, project.language, words);
  words["@STEPS@"] = without_last_break(
      replaced(read_text(project.templates / project.language / kSteps, kMaxTemplate), words));
  if (fs::exists(project.folder) && (!fs::is_directory(project.folder) || !fs::is_empty(project.folder))) {
    fail(Errc::FailedPrecondition, "plugin new", project.folder.string(),
         " holds something; name another folder with --dir");
  }
  std::vector<fs::path> written;
  for (const auto& [name, source] : files) {
    const fs::path target = project.folder / name;
    fs::create_directories(target.parent_path());
    write_atomically(target, replaced(read_text(source, kMaxTemplate), words));
    fs::permissions(target, fs::status(source).permissions() | fs::perms::owner_write);
    written.push_back(target);
  }
  return written;
}

}  // namespace lateral::host
