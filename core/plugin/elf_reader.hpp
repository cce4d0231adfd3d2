#pragma once
// A bounded reader of ELF shared objects, for deciding about a plugin before the loader touches it. dlopen of
// a truncated library raises SIGBUS inside glibc, which nothing can catch; and boost::dll::library_info
// trusts the sizes written in the file. Here every offset is checked against the file before it is used.

#include <lateral/plugin.h>

#include <cstddef>
#include <cstdint>
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
  /// A version of symbols that it wants of another library.
  struct Version {
    std::string library;
    std::string name;    ///< e.g. "GLIBC_2.34"
    std::string symbol;  ///< the first symbol that wants it; may be empty
  };
  std::vector<Symbol> defined;        ///< dynamic symbols it defines
  std::vector<std::string> imported;  ///< dynamic symbols it wants from others
  std::vector<std::string> needed;    ///< libraries that the loader brings for it
  std::string own_name;               ///< DT_SONAME: the loader gives it to whoever asks for that library
  std::vector<Version> versions;
  std::string run_path;  ///< DT_RPATH or DT_RUNPATH
  bool text_relocations = false;
  bool executable_stack = false;
  bool writable_code = false;
  bool no_delete = false;
  bool static_tls = false;
  bool sets_float_mode = false;       ///< a constructor writes the floating-point control register
  std::uint64_t tls_bytes = 0;        ///< thread-local storage for each thread
  std::optional<lat_note_desc> note;  ///< .note.lateral

  bool defines(std::string_view name) const;
  bool imports(std::string_view name) const;
};

/// Reads a shared object for this machine. Throws Corrupt ("truncated: ...", "not an ELF file"), Unsupported
/// (another machine, a program instead of a library). `image` may hold anything; time is linear in its size.
ElfFacts read_elf(std::span<const std::byte> image);

}  // namespace lateral::plugin
