#include "core/dataset/folder.hpp"

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/dataset/path_pattern.hpp"

namespace lateral::dataset {
namespace {

constexpr std::size_t kMaxFiles = 4U << 20U;
constexpr std::size_t kMaxIdBytes = 256;  // of samples.jsonl
constexpr std::int64_t kShowEvery = 1024;

std::string without_ending(const std::string& file) {
  return std::filesystem::path(file).replace_extension().string();
}

/// A path that can be an id in a list: UTF-8 without control characters.
bool is_plain(const std::string& file) {
  return file.size() <= kMaxIdBytes && shown(file, kMaxIdBytes) == file;
}

/// Sets what a path says, or refuses what contradicts an earlier file of the same moment.
void agree(std::string& value, const std::string& said, const Example& example, const char* what) {
  if (!value.empty() && value != said) {
    fail(Errc::Corrupt, "import", "files of ", shown(example.id), " give it the ", what, " '", shown(value),
         "' and '", shown(said), "'");
  }
  value = said;
}

using Found = std::map<std::string, std::string>;

void take(Example& example, const Found& found) {
  const auto said = [&](const char* name, std::string& value, const char* what) {
    const auto at = found.find(name);
    if (at != found.end()) agree(value, at->second, example, what);
  };
  said("answer", example.label, "answer");
  said("group", example.group, "group");
  const auto split = found.find("split");
  if (split != found.end()) agree(example.split, split_named(split->second), example, "split");
}

/// What a path is the file of: the moment {id}, or a moment of its own, which is called by the path without its ending
/// where no file before it is.
Example& moment_of(const std::string& file, const Found& found, std::map<std::string, Example>& examples) {
  if (const auto said = found.find("id"); said != found.end()) {
    Example& example = examples[said->second];
    example.id = said->second;
    return example;
  }
  const std::string name = without_ending(file);
  std::string id = examples.contains(name) ? file : name;
  Example& example = examples[id];
  example.id = std::move(id);
  if (!found.contains("group")) example.group = name;
  return example;
}

std::vector<std::pair<std::string, PathPattern>> patterns_of(const FolderImport& import) {
  std::vector<std::pair<std::string, PathPattern>> patterns;
  for (const auto& [input, text] : import.files)
    patterns.emplace_back(input, PathPattern(text, {"id", "answer", "group", "split"}));
  if (patterns.empty())
    fail(Errc::InvalidArgument, "import", "say which files are read: --files INPUT=PATTERN");
  for (const auto& [input, pattern] : patterns) {
    if (patterns.size() > 1 && !pattern.has("id")) {
      fail(Errc::InvalidArgument, "import", "pattern '", pattern.text(),
           "': with several inputs {id} must say which files belong together");
    }
  }
  return patterns;
}

}  // namespace

std::string split_named(const std::string& name) {
  if (name == "train" || name == "training") return "train";
  if (name == "val" || name == "valid" || name == "validation") return "val";
  if (name == "test" || name == "testing") return "test";
  fail(Errc::InvalidArgument, "import", "'", shown(name),
       "' is no split; known are train, training, val, valid, validation, test, testing");
}

std::vector<std::string> files_below(const std::filesystem::path& root, const Work& work) {
  std::error_code error;
  if (!std::filesystem::is_directory(root, error))
    fail(Errc::NotFound, "import", root.string(), " is no folder");
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (!entry.is_regular_file(error)) continue;
    files.push_back(entry.path().lexically_relative(root).string());
    const auto count = static_cast<std::int64_t>(files.size());
    if (count % kShowEvery == 1) work.at("looking for files", count, 0);
    if (files.size() > kMaxFiles)
      fail(Errc::ResourceExhausted, "import", root.string(), " holds more than ", kMaxFiles, " files");
  }
  std::sort(files.begin(), files.end());
  return files;
}

void import_folder(const FolderImport& import, Collection& collection, const Work& work) {
  const auto patterns = patterns_of(import);
  const auto root = std::filesystem::absolute(import.root).lexically_normal();
  std::map<std::string, Example> examples;
  for (const std::string& file : files_below(root, work)) {
    if (!is_plain(file)) {
      collection.leave_out("files with odd or very long names", file);
      continue;
    }
    bool matched = false;
    for (const auto& [input, pattern] : patterns) {
      const auto found = pattern.match(file);
      if (!found) continue;
      matched = true;
      Example& example = moment_of(file, *found, examples);
      take(example, *found);
      example.inputs[input].push_back(root / file);
    }
    if (!matched) collection.leave_out("files that match no pattern", file);
  }
  std::vector<Example> list;
  list.reserve(examples.size());
  for (auto& [id, example] : examples) list.push_back(std::move(example));
  add_examples(collection, std::move(list), import.labelling);
}

}  // namespace lateral::dataset
