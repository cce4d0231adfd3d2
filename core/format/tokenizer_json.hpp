#pragma once
// What the readers of a tokenizer.json's parts share.

#include <string>
#include <string_view>

#include "core/format/json.hpp"

namespace lateral::format {

/// Parts of one kind that a file may chain; real ones have two or three.
inline constexpr std::size_t kMaxSteps = 32;

/// Throws Unsupported: "... the normalizer "X" is not supported; known are `known`".
[[noreturn]] void refuse_part(std::string_view part, const json::Value& value, std::string_view known);

/// A text to look for: not empty, and short. Throws Corrupt.
std::string pattern_text(const json::Value& value);
/// What stands for a match: short, since it may stand there as often as the text is long. Throws Corrupt.
std::string content_text(const json::Value& value);
/// One character that is no space: what Metaspace writes for spaces. Throws Corrupt.
std::string metaspace_text(const json::Value& value);

/// Throws ResourceExhausted when steps made much more text than there was: chained replacements can grow
/// without bound.
void check_growth(std::size_t before, std::size_t after);

/// `text` with every `from` (not empty) replaced, left to right.
std::string replace_all(std::string_view text, std::string_view from, std::string_view to);

}  // namespace lateral::format
