#include "tests/storm/watch.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace lateral::storm {
namespace {

namespace fs = std::filesystem;

fs::path folder_of(pid_t process) {
  return fs::path("/proc") / std::to_string(process);
}

/// Threads and processes come and go while they are listed.
std::vector<fs::path> entries(const fs::path& folder) {
  std::vector<fs::path> all;
  std::error_code error;
  for (fs::directory_iterator i(folder, error), end; !error && i != end; i.increment(error))
    all.push_back(i->path());
  return all;
}

bool is_zombie(pid_t process) {
  std::ifstream status(folder_of(process) / "status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("State:")) return line.find('Z') != line.npos;
  }
  return false;
}

}  // namespace

std::vector<pid_t> children_of(pid_t process) {
  std::vector<pid_t> all;
  for (const auto& thread : entries(folder_of(process) / "task")) {
    std::ifstream children(thread / "children");
    all.insert(all.end(), std::istream_iterator<pid_t>(children), {});
  }
  return all;
}

Held held_by(pid_t process) {
  const auto folder = folder_of(process);
  const auto children = children_of(process);
  Held held{.threads = static_cast<long>(entries(folder / "task").size()),
            .descriptors = static_cast<long>(entries(folder / "fd").size()),
            .children = static_cast<long>(children.size()),
            .zombies = std::count_if(children.begin(), children.end(), is_zombie)};
  std::ifstream maps(folder / "maps");
  for (std::string line; std::getline(maps, line);) ++held.mappings;
  std::ifstream status(folder / "status");
  for (std::string word; status >> word;) {
    if (word == "VmRSS:") status >> held.resident_kib;
  }
  return held;
}

}  // namespace lateral::storm
