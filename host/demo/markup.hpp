#pragma once
// Small helpers for writing HTML and SVG text.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace lateral::host::demo {

/// `text` with & < > and quotes replaced: safe as element content and in attributes.
std::string escaped(std::string_view text);

std::string base64(std::span<const std::byte> bytes);

/// A number with `digits` decimals, independent of the locale.
std::string fixed(double value, int digits);

/// 0.912 -> "91.2 %"
std::string percent(double share);

}  // namespace lateral::host::demo
