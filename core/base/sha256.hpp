#pragma once
// SHA-256, to say which file was loaded and to notice when it is another one. The only door to nettle, which was
// taken because its hash is a pure function: no configuration file, no exit handler, no per-thread state, nothing
// that stays behind in a process that counts what stays behind.

#include <cstddef>
#include <span>
#include <string>

namespace lateral {

/// 64 hexadecimal digits, lower case.
std::string sha256(std::span<const std::byte> bytes);

}  // namespace lateral
