#pragma once
// The two halves of reading a data directory: lines, and what the lines say together.
// Internal to core/format.

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/format/sample_set.hpp"

namespace lateral::format::detail {

struct ParsedLines {
  std::vector<Sample> samples;
  std::vector<SampleProblem> problems;
  std::int64_t lines = 0;
};

/// Reads every line by itself. Throws only when the file cannot be read at all.
ParsedLines parse_lines(const std::filesystem::path& folder);

/// What a file holds, by its ending: what all files of one input must be.
std::string_view kind_of_file(const std::filesystem::path& path);

/// What is wrong with a file; nothing when it is good.
std::optional<std::string> problem_of_file(const std::filesystem::path& path, FileCheck depth);

}  // namespace lateral::format::detail
