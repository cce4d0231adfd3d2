#include "core/conformance/guarded_memory.hpp"

#include <sys/mman.h>

#include <array>
#include <cstdint>

#include "tests/support/catch.hpp"

using lateral::conformance::GuardedMemory;
using Side = GuardedMemory::Side;

TEST_CASE("guarded memory begins or ends at a guard page, and is aligned as tensors are") {
  for (const std::size_t bytes : {1UL, 255UL, 256UL, 4096UL, 100'000UL}) {
    for (const auto side : {Side::Left, Side::Right}) {
      const GuardedMemory memory("it", bytes, side);
      const auto address = reinterpret_cast<std::uintptr_t>(memory.data());
      CHECK(address % GuardedMemory::kTensorAlignment == 0);
      if (side == Side::Left) {
        CHECK(address % 4096 == 0);
      } else {
        CHECK((address + (bytes + 255) / 256 * 256) % 4096 == 0);
      }
      CHECK(memory.slack_intact());
    }
  }
}

TEST_CASE("a byte written between the data and the guard page is seen") {
  const GuardedMemory right("it", 100, Side::Right);
  right.data()[100] = std::byte{1};
  CHECK_FALSE(right.slack_intact());
  const GuardedMemory left("it", 100, Side::Left);
  left.data()[4095] = std::byte{1};
  CHECK_FALSE(left.slack_intact());
}

TEST_CASE("an address is described by the memory it is in or near") {
  const GuardedMemory memory("the output", 512, Side::Right);
  std::array<char, 128> text{};
  REQUIRE(GuardedMemory::describe(memory.data() + 512, text.data(), text.size()));
  CHECK(std::string(text.data()) == "0 bytes behind the end of the output");
  REQUIRE(GuardedMemory::describe(memory.data() - 4, text.data(), text.size()));
  CHECK(std::string(text.data()) == "4 bytes before the output");
  REQUIRE(GuardedMemory::describe(memory.data() + 7, text.data(), text.size()));
  CHECK(std::string(text.data()) == "byte 7 of the output");
  CHECK_FALSE(GuardedMemory::describe(text.data(), text.data(), text.size()));
}
