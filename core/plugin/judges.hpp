#pragma once
// The parts of inspect(). Each adds what it finds to the facts.

#include <span>
#include <string_view>

#include "core/plugin/elf_reader.hpp"
#include "core/plugin/inspection.hpp"

namespace lateral::plugin {

/// Where it finds its own libraries, whether a thread of the host can share them, and whether this system's
/// glibc is new enough.
void judge_dependencies(const ElfFacts& elf, const std::filesystem::path& host_libraries, PluginFacts& facts);

/// What keeps glibc from ever unmapping it, or lets it meddle with the host's symbols.
void judge_removal(const ElfFacts& elf, PluginFacts& facts);

/// What its imports and constructors say about how it will behave.
void predict(const ElfFacts& elf, PluginFacts& facts);

/// An import, and what it says of a plugin: "forks the process".
struct Predictor {
  std::string_view symbol;
  std::string_view meaning;
};

/// Imports for which a plugin is refused in a thread of the host: what nothing can take back from a process when the
/// plugin goes, or what ends a process that did not ask for it.
std::span<const Predictor> imports_for_processes();

}  // namespace lateral::plugin
