#pragma once
// A folder of recordings whose paths say what they are.

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/dataset/examples.hpp"
#include "core/dataset/work.hpp"

namespace lateral::dataset {

struct FolderImport {
  std::filesystem::path root;
  /// Input name and the pattern (path_pattern.hpp) of its files, relative to `root`. Names: {id}, {answer},
  /// {group}, {split} ("train", "training", "val", "validation", "test", "testing"). Files of one {id} are
  /// one moment: those of one input are its views in the order of their paths. Without {id} every file is a
  /// moment, called by its path without the ending, or with it where an earlier file is called so.
  std::vector<std::pair<std::string, std::string>> files;
  Labelling labelling;
};

/// Throws InvalidArgument (patterns; several inputs without {id}), Corrupt (files of one id that contradict
/// each other), NotFound and as add_examples().
void import_folder(const FolderImport& import, Collection& collection, const Work& work);

/// All regular files below `root` as sorted paths relative to it; links to folders are not followed.
/// Throws NotFound when `root` is no folder, ResourceExhausted above four million files.
std::vector<std::string> files_below(const std::filesystem::path& root, const Work& work);

/// "train", "val" or "test" for the names that folders of splits commonly have. Throws InvalidArgument.
std::string split_named(const std::string& name);

}  // namespace lateral::dataset
