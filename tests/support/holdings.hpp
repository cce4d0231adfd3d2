#pragma once
// What this process holds that a plugin or its worker could leave behind.

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

namespace lateral::test {

struct Holdings {
  long mappings = 0;
  long images = 0;  ///< of these, of the sealed copies of plugin files
  long threads = 0;
  long descriptors = 0;
  long children = 0;  ///< with zombies

  bool operator==(const Holdings&) const = default;
};

inline Holdings holdings() {
  const auto entries = [](const char* folder) {
    const std::filesystem::directory_iterator all(folder);
    return static_cast<long>(std::distance(begin(all), end(all)));
  };
  Holdings held{.threads = entries("/proc/self/task"), .descriptors = entries("/proc/self/fd")};
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line); ++held.mappings) {
    held.images += line.find("/memfd:") != line.npos && line.find("/memfd:lateral-lane") == line.npos;
  }
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream children(task.path() / "children");
    held.children += std::distance(std::istream_iterator<std::string>(children), {});
  }
  return held;
}

/// Threads that were joined are listed for a moment.
inline Holdings settled(const Holdings& wanted) {
  for (int i = 0; i < 100 && !(holdings() == wanted); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return holdings();
}

}  // namespace lateral::test
