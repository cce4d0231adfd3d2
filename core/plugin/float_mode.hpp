#pragma once
// The floating-point mode of a thread (rounding, flush-to-zero, denormals-are-zero), restored around foreign
// code. A library built with -Ofast by gcc < 13 switches it for the thread that loads it and for all threads
// started there.

#include <cfenv>
#include <cstdint>

namespace lateral::plugin {

/// Control bits of this thread; exception flags are not part of it.
inline std::uint64_t float_mode() noexcept {
#if defined(__x86_64__)
  std::uint32_t mxcsr = 0;
  std::uint16_t x87 = 0;
  __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
  __asm__ volatile("fnstcw %0" : "=m"(x87));
  return (mxcsr & ~0x3FU) | (std::uint64_t{x87} << 32U);
#else
  std::uint64_t fpcr = 0;
  __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
  return fpcr;
#endif
}

inline void set_float_mode(std::uint64_t mode) noexcept {
#if defined(__x86_64__)
  const auto mxcsr = static_cast<std::uint32_t>(mode);
  const auto x87 = static_cast<std::uint16_t>(mode >> 32U);
  __asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
  __asm__ volatile("fldcw %0" : : "m"(x87));
#else
  __asm__ volatile("msr fpcr, %0" : : "r"(mode));
#endif
}

/// Restores the mode it was made under. Lives on one thread.
class FloatModeGuard {
 public:
  FloatModeGuard() noexcept : mode_(float_mode()) {}
  ~FloatModeGuard() { restore(); }
  FloatModeGuard(const FloatModeGuard&) = delete;
  FloatModeGuard& operator=(const FloatModeGuard&) = delete;

  /// True when something had changed.
  bool restore() noexcept {
    const bool changed = float_mode() != mode_;
    if (changed) set_float_mode(mode_);
    return changed;
  }

 private:
  std::uint64_t mode_;
};

}  // namespace lateral::plugin
