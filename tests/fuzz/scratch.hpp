#pragma once
// For readers that want files: several texts in one input, and a folder to put them in.

#include <string_view>
#include <vector>

#include "tests/fuzz/target.hpp"
#include "tests/support/files.hpp"

namespace lateral::fuzz {

/// The parts of an input between lines of "%%%" (so that seeds can be written by hand). Missing ones are empty.
inline std::vector<std::string_view> sections_of(Input input, std::size_t count) {
  constexpr std::string_view kLine = "\n%%%\n";
  std::vector<std::string_view> sections(count);
  std::string_view rest = text_of(input);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t end = i + 1 < count ? rest.find(kLine) : rest.npos;
    sections[i] = rest.substr(0, end);
    if (end == rest.npos) break;
    rest.remove_prefix(end + kLine.size());
  }
  return sections;
}

/// One folder for the whole process: making one for every input would be most of the work.
inline const std::filesystem::path& scratch_folder() {
  static const test::TemporaryFolder folder;
  return folder.path();
}

/// The file, for as long as the object lives. Nothing is written for an empty text: the file is absent then.
class ScratchFile {
 public:
  ScratchFile(std::string_view name, std::string_view content) : path_(scratch_folder() / name) {
    if (!content.empty()) test::write_file(path_, content);
  }
  ~ScratchFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace lateral::fuzz
