/* Compiles as C11 and includes nothing but the two headers that plugin.h promises to include. */
#include <lateral/plugin.h>

#if defined(_STDIO_H) || defined(_STRING_H) || defined(_STDLIB_H)
#error "lateral/plugin.h must include only <stddef.h> and <stdint.h>"
#endif

LAT_NOTE("header", "1.0.0", 0u, 0u);

_Static_assert(sizeof(lat_dltensor) == 48, "as DLPack's DLTensor");
_Static_assert(sizeof(lat_note) == 84, "12 bytes, the name, 64 bytes");

const lat_plugin* lateral_plugin_entry_v1(const lat_host* host) {
  return host->abi_minor != LAT_ABI_MINOR ? NULL : NULL;
}
