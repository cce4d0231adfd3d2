#pragma once
// The depth of dotted keys, before toml++ sees them. It bounds nested values but not dotted keys, and frees nested
// tables by recursion: "a.a.a. ..." of half a megabyte is a table half a million deep and ends the process.
// Internal to core/config.

#include <string>
#include <string_view>

namespace lateral::config {

/// Parts of one dotted key or table name; our own have five at most.
inline constexpr int kMaxKeyParts = 32;

/// Throws InvalidArgument, with file and line, for a key of more parts. `text` may be anything: of what toml++ reads
/// before it finds a mistake no key is missed.
void check_key_depth(std::string_view text, const std::string& source);

}  // namespace lateral::config
