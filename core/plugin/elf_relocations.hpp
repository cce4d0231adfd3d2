#pragma once
// What the loader will write into a library's memory, and what of it tells about the library.

#include <cstdint>

#include "core/plugin/elf_image.hpp"

namespace lateral::plugin {

struct RelocationFacts {
  bool into_code = false;   ///< it writes into memory that is not writable
  bool static_tls = false;  ///< it wants thread-local storage that only the program's start provides
};

/// Looks at every relocation: the loader writes wherever one says, into other libraries too.
/// `symbols`: how many dynamic symbols there are. Throws Corrupt. Time is linear in the tables.
RelocationFacts read_relocations(const ElfImage& elf, std::uint64_t symbols);

}  // namespace lateral::plugin
