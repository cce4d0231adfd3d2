#include "core/conformance/consumption.hpp"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "core/conformance/subject.hpp"

namespace lateral::conformance {
namespace {

std::int64_t count_lines(const char* file) {
  std::ifstream text(file);
  return std::count(std::istreambuf_iterator<char>(text), {}, '\n');
}

std::int64_t resident() {
  std::ifstream file("/proc/self/statm");
  std::int64_t total = 0;
  std::int64_t pages = 0;
  file >> total >> pages;
  return pages * ::sysconf(_SC_PAGESIZE);
}

std::int64_t count_entries(const char* folder) {
  const std::filesystem::directory_iterator entries(folder);
  return std::distance(begin(entries), end(entries));
}

}  // namespace

Consumption measure_consumption() {
  ::malloc_trim(0);
  const auto heap = ::mallinfo2();
  return {static_cast<std::int64_t>(heap.uordblks + heap.hblkhd), resident(), count_entries("/proc/self/fd"),
          static_cast<std::int64_t>(thread_count()), count_lines("/proc/self/maps")};
}

}  // namespace lateral::conformance
