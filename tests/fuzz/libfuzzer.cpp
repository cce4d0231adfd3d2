// The target as libFuzzer calls it.

#include <cstdint>

#include "tests/fuzz/target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lateral::fuzz::run_checked({reinterpret_cast<const std::byte*>(data), size});
  return 0;
}
