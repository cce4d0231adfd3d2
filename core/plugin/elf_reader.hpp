#pragma once
// A bounded reader of ELF shared objects, for deciding about a plugin before the loader touches it. dlopen of
// a truncated library raises SIGBUS inside glibc, which nothing can catch; and boost::dll::library_info
// trusts the sizes written in the file. Here every offset is checked against the file before it is used.

#include <lateral/plugin.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lateral::plugin {

/// What a shared object says about itself.
struct ElfFacts {
  struct Symbol {
    std::string name;
    bool function = false;
    bool unique = false;  ///< STB_GNU_UNIQUE: glibc never unmaps a library that defines one
  };
  std::vector<Symbol> defined;        ///< dynamic symbols it defines
  std::vector<std::string> imported;  ///< dynamic symbols it wants from others
  std::vector<std::string> needed;    ///< DT_NEEDED
  std::string run_path;               ///< DT_RPATH or DT_RUNPATH
  bool text_relocations = false;
  bool executable_stack = false;
  bool no_delete = false;
  bool static_tls = false;
  std::optional<lat_note_desc> note;  ///< .note.lateral

  bool defines(std::string_view name) const;
  bool imports(std::string_view name) const;
};

/// Reads a shared object for this machine. Throws Corrupt ("truncated: ...", "not an ELF file"), Unsupported
/// (another machine, a program instead of a library). `image` may hold anything; time is linear in its size.
ElfFacts read_elf(std::span<const std::byte> image);

}  // namespace lateral::plugin
