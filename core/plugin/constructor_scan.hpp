#pragma once
// Looks at the code that would run while a library is loaded, without running it.

#include "core/plugin/elf_image.hpp"

namespace lateral::plugin {

/// Whether a constructor of the library writes the floating-point control register itself, as the one does that
/// gcc < 13 links into everything built with -Ofast. A prediction from the first instructions of each: code that
/// hides is not found. Throws Corrupt where a constructor lies outside the file.
bool constructors_set_float_mode(const ElfImage& elf);

}  // namespace lateral::plugin
