#pragma once
// Where tensors lie in a lane's arena: 256-byte aligned, each with a canary behind it. Host and worker compute
// it the same way; neither has to believe the other.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "core/plugin/sample.hpp"

namespace lateral::plugin::worker {

class ArenaLayout {
 public:
  static constexpr std::size_t kCanaryBytes = 256;

  explicit ArenaLayout(std::size_t from = 0) : end_(from) {}

  /// The offset of a tensor of so many bytes, at most 2^40.
  std::size_t place(std::size_t bytes) noexcept {
    const std::size_t at = end_;
    constexpr std::size_t kStep = AlignedBuffer::kAlignment;
    end_ = (at + bytes + kCanaryBytes + kStep - 1) / kStep * kStep;
    return at;
  }
  std::size_t end() const noexcept { return end_; }

 private:
  std::size_t end_;
};

inline void set_canary(std::span<std::byte> place) noexcept {
  std::memset(place.data(), 0xA5, place.size());
}
inline bool canary_intact(std::span<const std::byte> place) noexcept {
  return std::all_of(place.begin(), place.end(), [](std::byte b) { return b == std::byte{0xA5}; });
}

}  // namespace lateral::plugin::worker
