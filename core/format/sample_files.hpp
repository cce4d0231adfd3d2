#pragma once
// The files that a data directory names. Internal to core/format.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/format/sample_set.hpp"

namespace lateral::format::detail {

/// Looks at every file once, in the order of the lines; of a file with other lines' content in another split
/// (when files are decoded) the later one is the problem.
class FileChecks {
 public:
  FileChecks(SampleReport& report, FileCheck depth) : report_(report), depth_(depth) {}

  void check(const Sample& sample, const std::string& input, const std::filesystem::path& path);

 private:
  struct Owner {
    std::string file, id, split;
    int line;
  };
  std::optional<std::string> leak_of(const Sample& sample, const std::filesystem::path& path);

  SampleReport& report_;
  FileCheck depth_;
  std::map<std::string, Owner> by_content_;
};

}  // namespace lateral::format::detail
