#pragma once
// The memory that one call into a plugin sees: structs, arrays and texts of the host, taken away when the call
// has returned, so that a pointer that was kept is found out.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "core/conformance/guarded_memory.hpp"

namespace lateral::conformance {

/// Not movable.
class Frame {
 public:
  /// Structs made here are `extra` bytes longer than this ABI's, as those of a later host would be.
  Frame(std::string name, std::uint32_t extra)
      : memory_(std::move(name), kBytes, GuardedMemory::Side::Left), extra_(extra) {}

  /// A struct of the ABI: zero but for its size; its tail is poison.
  template <typename T>
  T* make() {
    auto* const bytes = take(sizeof(T) + extra_);
    auto* const made = new (bytes) T{};
    if constexpr (requires { made->struct_size; })
      made->struct_size = static_cast<std::uint32_t>(sizeof(T) + extra_);
    std::memset(bytes + sizeof(T), kPoison, extra_);
    if (extra_ > 0) tails_.emplace_back(bytes + sizeof(T), extra_);
    return made;
  }
  template <typename T>
  T* copy(std::span<const T> values) {
    auto* const to = reinterpret_cast<T*>(take(values.size_bytes()));
    if (!values.empty()) std::memcpy(static_cast<void*>(to), values.data(), values.size_bytes());
    return to;
  }
  const char* copy(const std::string& text) { return copy(std::span(text.c_str(), text.size() + 1)); }

  /// False when the plugin wrote behind the fields it knows.
  bool tails_intact() const {
    for (const auto tail : tails_) {
      for (const std::byte byte : tail) {
        if (byte != std::byte{kPoison}) return false;
      }
    }
    return true;
  }
  GuardedMemory& memory() noexcept { return memory_; }

 private:
  static constexpr std::size_t kBytes = 64U << 10U;
  static constexpr unsigned char kPoison = 0xA5;

  std::byte* take(std::size_t bytes) {
    const std::size_t begin = (used_ + alignof(std::max_align_t) - 1) & ~(alignof(std::max_align_t) - 1);
    if (begin + bytes > kBytes) throw std::bad_alloc();
    used_ = begin + bytes;
    return memory_.data() + begin;
  }

  GuardedMemory memory_;
  std::uint32_t extra_;
  std::size_t used_ = 0;
  std::vector<std::span<const std::byte>> tails_;
};

}  // namespace lateral::conformance
