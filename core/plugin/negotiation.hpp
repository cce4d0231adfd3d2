#pragma once
// Two versions of one ABI agreeing on what both know.

#include <lateral/plugin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace lateral::plugin {

/// Copies the part that both sides know of a struct that starts with its size; the rest stays zero. `theirs`
/// may be shorter (an older side) or longer (a newer one).
template <typename T>
T copy_known(const T* theirs) {
  T mine{};
  const std::size_t known = theirs->struct_size < sizeof(T) ? theirs->struct_size : sizeof(T);
  std::memcpy(&mine, theirs, known);
  mine.struct_size = sizeof(T);
  return mine;
}

/// A plugin's table, copied, with the texts it points to.
struct PluginTable {
  lat_plugin functions{};
  std::string id;
  std::string version;
  std::string build_id;
};

/// Judges the table that an entry returned, against the ELF note read before. Throws AbiMismatch, naming both
/// versions or the missing function. `host_minor` is a parameter so that tests can play hosts that do not
/// exist yet.
PluginTable negotiate(const lat_plugin* table, const lat_note_desc& note,
                      std::uint32_t host_minor = LAT_ABI_MINOR, std::uint32_t host_sanitizer = LAT_SANITIZER);

}  // namespace lateral::plugin
