#pragma once
// Versions of the C library, as in "GLIBC_2.34" and "2.36".

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace lateral::plugin {

using GlibcVersion = std::array<unsigned, 3>;

/// Of "2.34" or "2.2.5"; nothing for any other text.
std::optional<GlibcVersion> parse_glibc(std::string_view text);
/// The one that this process runs on, e.g. "2.36".
std::string running_glibc();

}  // namespace lateral::plugin
