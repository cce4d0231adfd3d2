#pragma once
// How much this process uses, to find what grows.

#include <cstddef>
#include <cstdint>

namespace lateral::conformance {

struct Consumption {
  std::int64_t heap_bytes = 0;      ///< in use, by the C library's count
  std::int64_t resident_bytes = 0;  ///< of the whole process
  std::int64_t descriptors = 0;
  std::int64_t threads = 0;
  std::int64_t mappings = 0;
  std::int64_t address_bytes = 0;  ///< of address space
};

Consumption measure_consumption();

}  // namespace lateral::conformance
