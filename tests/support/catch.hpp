#pragma once
// Catch2 2 (Debian 12) and 3 (Debian 13) behind one include. Tests write Catch::Approx and Catch::Contains.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
namespace Catch {
inline auto Contains(const std::string& part) {
  return Matchers::ContainsSubstring(part);
}
}
#else
#include <catch2/catch.hpp>
namespace Catch {
using Detail::Approx;
}
#endif
