#pragma once
// GPT-2's byte alphabet: each byte has a printable character, so that tokens of any bytes can stand in JSON.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lateral::format::byte_level {

/// The character for a byte: itself where it is printable Latin-1, else U+0100 and up. Below U+0144.
char32_t char_of(std::uint8_t byte) noexcept;
std::optional<std::uint8_t> byte_of(char32_t point) noexcept;

/// Every byte of `bytes` as its character.
std::string to_chars(std::string_view bytes);
/// The bytes of a token; nothing when a character is not of the alphabet.
std::optional<std::string> to_bytes(std::string_view token);

/// GPT-2's pattern for words.
inline constexpr std::string_view kWords =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
/// Qwen 2's and 3's.
inline constexpr std::string_view kQwen2Words =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

}  // namespace lateral::format::byte_level
