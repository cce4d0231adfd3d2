#pragma once
// How long something took, as results report it.

#include <chrono>

namespace lateral {

/// Milliseconds from `start` until now.
inline double ms_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace lateral
