#pragma once
// How many dynamic symbols a library has. The table has no length of its own; only the hash tables know it.

#include <cstdint>

#include "core/plugin/elf_image.hpp"

namespace lateral::plugin {

/// Asks the hash table that the loader would use, after checking that a search in it ends within the table: the loader
/// follows its chains without looking, in dlsym as in dlopen. Throws Corrupt.
std::uint64_t symbol_count(const ElfImage& elf);

}  // namespace lateral::plugin
