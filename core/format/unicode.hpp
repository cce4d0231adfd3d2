#pragma once
// The only door to Unicode's tables (utf8proc): normalization forms, lower case, categories.

#include <cstdint>
#include <string>
#include <string_view>

namespace lateral::format::unicode {

enum class Form : std::uint8_t { NFC, NFD, NFKC, NFKD };

/// `text` is valid UTF-8, and so is the result. O(n log n), also for a letter under a million accents.
std::string normalize(std::string_view text, Form form);

/// Each character on its own: no rule looks at its neighbours (a final sigma stays a sigma).
std::string lowercase(std::string_view text);

bool is_mark(char32_t point) noexcept;             ///< M: accents and other combining characters
bool is_nonspacing_mark(char32_t point) noexcept;  ///< Mn
bool is_control(char32_t point) noexcept;          ///< C without unassigned: control, format, private use

}  // namespace lateral::format::unicode
