#pragma once
// What glibc's loader takes for granted. A library that breaks one of these ends the process inside dlopen, or later
// inside somebody else's, by a failed assertion or a wild access; an error message is what a loader should have given.

#include "core/plugin/elf_image.hpp"

namespace lateral::plugin {

/// Throws Corrupt.
void require_rules(const ElfImage& elf);

}  // namespace lateral::plugin
