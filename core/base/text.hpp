#pragma once
// Small things that several readers of human-written text need.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace lateral {

/// The candidate nearest to a mistyped `word`, for "did you mean": edit distance (insert, delete, replace,
/// swap of neighbours) at most a third of the word's length, at least 1. Nothing when none is near.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

/// `text` of a file or another program as a message can carry it: at most `max_bytes` of it, then "...";
/// control characters and bytes that are not UTF-8 as \xNN. Quotes and backslashes stay.
std::string shown(std::string_view text, std::size_t max_bytes = 60);

/// Seconds of "250ms", "60s", "5m", "1.5h" or "60"; nothing when it is not such a text, not positive or
/// not finite.
std::optional<double> parse_duration(std::string_view text);

}  // namespace lateral
