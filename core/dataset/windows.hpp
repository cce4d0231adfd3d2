#pragma once
// Long recordings as CSV, cut into windows that are learned one by one.

#include <filesystem>
#include <string>
#include <vector>

#include "core/dataset/examples.hpp"
#include "core/dataset/work.hpp"

namespace lateral::dataset {

struct WindowsImport {
  std::filesystem::path root;
  std::string pattern;  ///< of the CSV files (path_pattern.hpp), with {answer}, {group} and {split}
  std::string input;    ///< what the tables are called in samples.jsonl
  std::vector<std::string>
      columns;  ///< the numbers that are kept, in this order; "NAME:elapsed" as in format::read_table
  std::string label_column;  ///< of words; empty: {answer} of the pattern, or no labels
  std::int64_t rows = 0;     ///< of a window
  std::int64_t hop = 0;      ///< rows between the beginnings of two windows
  double majority = 0.7;     ///< a window has a label if at least this share of its rows has it
  /// Windows are written to OUT/windows as NPY, float32 [rows, columns]. Their names end in a hash of their content:
  /// what an earlier import wrote there stays as it is.
  std::filesystem::path out;
  Labelling labelling;
};

/// Windows without a clear label are left out; so is what is left at the end of a file.
/// Throws InvalidArgument (sizes, names, a clock that float32 cannot keep apart), Corrupt (a value that is not finite as
/// float32, naming the place), what the CSV reader throws, Io, Cancelled and as add_examples().
void import_windows(const WindowsImport& import, Collection& collection, const Work& work);

}  // namespace lateral::dataset
