/* Compiles as C11 and includes nothing but the two headers that plugin.h promises to include. */
#include <lateral/plugin.h>

#if defined(_STDIO_H) || defined(_STRING_H) || defined(_STDLIB_H)
#error "lateral/plugin.h must include only <stddef.h> and <stdint.h>"
#endif

LAT_NOTE("header", "1.0.0", 0u, 0u);

/* The sizes of ABI 1.0 in C; layout_test.cpp has them and all offsets in C++. */
_Static_assert(sizeof(lat_err) == 32 && sizeof(lat_kv) == 64, "errors and options");
_Static_assert(sizeof(lat_dltensor) == 48 && sizeof(lat_tensor) == 80, "tensors; the first as DLPack's DLTensor");
_Static_assert(sizeof(lat_input_info) == 64 && sizeof(lat_encoder_info) == 96, "declarations");
_Static_assert(sizeof(lat_plan) == 56 && sizeof(lat_encode) == 120, "work");
_Static_assert(sizeof(lat_host) == 48 && sizeof(lat_plugin) == 128, "tables");
_Static_assert(sizeof(lat_token_output_info) == 64 && sizeof(lat_token_output) == 16, "capabilities");
_Static_assert(sizeof(lat_note_desc) == 64 && sizeof(lat_note) == 84, "12 bytes, the name, 64 bytes");

const lat_plugin* lateral_plugin_entry_v1(const lat_host* host) {
  return host->abi_minor != LAT_ABI_MINOR ? NULL : NULL;
}
