#include "core/conformance/guarded_memory.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <utility>

#include "core/base/error.hpp"

namespace lateral::conformance {
namespace {

constexpr std::size_t kPage = 4096;
/// Wide guards: a loop that runs over skips many bytes at once.
constexpr std::size_t kGuard = 16 * kPage;
constexpr auto kSlack = std::byte{0xC5};

/// All living ones, for the fault handler: a signal handler can reach nothing but statics.
struct Slot {
  std::atomic<const GuardedMemory*> memory;
};
std::array<Slot, 1024> slots;

void enrol(const GuardedMemory* memory) {
  for (auto& slot : slots) {
    const GuardedMemory* none = nullptr;
    if (slot.memory.compare_exchange_strong(none, memory)) return;
  }
}

void strike(const GuardedMemory* memory) noexcept {
  for (auto& slot : slots) {
    const GuardedMemory* mine = memory;
    slot.memory.compare_exchange_strong(mine, nullptr);
  }
}

constexpr std::size_t round_up(std::size_t value, std::size_t unit) {
  return (value + unit - 1) / unit * unit;
}

}  // namespace

GuardedMemory::GuardedMemory(std::string name, std::size_t bytes, Side side, std::size_t alignment)
    : name_(std::move(name)), size_(bytes), pages_bytes_(std::max(round_up(bytes, kPage), kPage)) {
  void* const memory = ::mmap(nullptr, pages_bytes_ + 2 * kGuard, PROT_NONE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) fail(Errc::ResourceExhausted, "check", "no memory for ", bytes, " bytes");
  whole_ = static_cast<std::byte*>(memory);
  const std::size_t before = side == Side::Left ? 0 : pages_bytes_ - round_up(bytes, alignment);
  data_ = whole_ + kGuard + before;
  allow(Access::Write);
  std::memset(whole_ + kGuard, static_cast<int>(kSlack), pages_bytes_);
  std::memset(data_, 0, size_);
  enrol(this);
}

GuardedMemory::~GuardedMemory() {
  strike(this);
  ::munmap(whole_, pages_bytes_ + 2 * kGuard);
}

void GuardedMemory::allow(Access access) noexcept {
  const int protection = access == Access::None   ? PROT_NONE
                         : access == Access::Read ? PROT_READ
                                                  : PROT_READ | PROT_WRITE;
  ::mprotect(whole_ + kGuard, pages_bytes_, protection);
}

void GuardedMemory::rename(std::string name) {
  name_ = std::move(name);
}

bool GuardedMemory::slack_intact() const noexcept {
  const auto untouched = [](std::byte byte) { return byte == kSlack; };
  const std::byte* const first = whole_ + kGuard;
  return std::all_of(first, static_cast<const std::byte*>(data_), untouched) &&
         std::all_of(static_cast<const std::byte*>(data_ + size_), first + pages_bytes_, untouched);
}

bool GuardedMemory::describe(const void* address, char* text, std::size_t size) noexcept {
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  for (const auto& slot : slots) {
    const GuardedMemory* const memory = slot.memory.load();
    if (memory == nullptr) continue;
    const auto begin = reinterpret_cast<std::uintptr_t>(memory->whole());
    if (at < begin || at >= begin + memory->pages_bytes_ + 2 * kGuard) continue;
    const auto data = reinterpret_cast<std::uintptr_t>(memory->data_);
    const char* const name = memory->name_.c_str();
    if (at < data) {
      std::snprintf(text, size, "%zu bytes before %s", static_cast<std::size_t>(data - at), name);
    } else if (at >= data + memory->size_) {
      std::snprintf(text, size, "%zu bytes behind the end of %s",
                    static_cast<std::size_t>(at - data - memory->size_), name);
    } else {
      std::snprintf(text, size, "byte %zu of %s", static_cast<std::size_t>(at - data), name);
    }
    return true;
  }
  return false;
}

}  // namespace lateral::conformance
