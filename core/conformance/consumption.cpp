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

struct Pages {
  std::int64_t all = 0;
  std::int64_t resident = 0;
};

Pages pages() {
  Pages count;
  std::ifstream("/proc/self/statm") >> count.all >> count.resident;
  return count;
}

std::int64_t count_entries(const char* folder) {
  const std::filesystem::directory_iterator entries(folder);
  return std::distance(begin(entries), end(entries));
}

}  // namespace

Consumption measure_consumption() {
  ::malloc_trim(0);
  const auto heap = ::mallinfo2();
  const auto memory = pages();
  const std::int64_t page = ::sysconf(_SC_PAGESIZE);
  return {static_cast<std::int64_t>(heap.uordblks + heap.hblkhd),
          memory.resident * page,
          count_entries("/proc/self/fd"),
          static_cast<std::int64_t>(thread_count()),
          count_lines("/proc/self/maps"),
          memory.all * page};
}

}  // namespace lateral::conformance
