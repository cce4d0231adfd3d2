#pragma once
// Places for tests: a folder of their own, the repository, and the shared real data where it is present.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>

#include <unistd.h>

namespace lateral::test {

/// A new empty folder, removed with the object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "lateral-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a temporary folder");
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

inline void write_file(const std::filesystem::path& path, std::string_view content) {
  std::ofstream(path, std::ios::binary).write(content.data(), static_cast<std::streamsize>(content.size()));
}

inline std::filesystem::path repository() { return LATERAL_TEST_SOURCE_DIR; }
inline std::filesystem::path build_folder() { return LATERAL_TEST_BINARY_DIR; }

/// A file or folder of the real data beside the repository (LATERAL_DATA, or ../shared/data); nothing where it is
/// absent, after saying "skipped, no data".
inline std::optional<std::filesystem::path> real_data(std::string_view name) {
  const char* const named = std::getenv("LATERAL_DATA");
  const std::filesystem::path root = named != nullptr ? std::filesystem::path(named) : repository() / "../shared/data";
  auto path = root / name;
  if (std::filesystem::exists(path)) return path;
  std::cout << "skipped, no data: " << name << '\n';
  return std::nullopt;
}

}  // namespace lateral::test
