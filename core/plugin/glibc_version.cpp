#include "core/plugin/glibc_version.hpp"

#include <gnu/libc-version.h>

#include <charconv>

namespace lateral::plugin {

std::optional<GlibcVersion> parse_glibc(std::string_view text) {
  GlibcVersion version{};
  std::size_t parts = 0;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (parts < version.size()) {
    const auto [next, error] = std::from_chars(at, end, version[parts]);
    if (error != std::errc()) return std::nullopt;
    ++parts;
    if (next == end) return parts >= 2 ? std::optional(version) : std::nullopt;
    if (*next != '.') return std::nullopt;
    at = next + 1;
  }
  return std::nullopt;
}

std::string running_glibc() {
  return ::gnu_get_libc_version();
}

}  // namespace lateral::plugin
