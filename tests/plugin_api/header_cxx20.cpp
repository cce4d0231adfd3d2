// Compiles as C++20, alone.
#include <lateral/plugin.h>

static_assert(sizeof(lat_dltensor) == 48);

extern "C" const lat_plugin* lateral_header_cxx20(const lat_encode* args) {
  return lat_cancelled(args) != 0 ? nullptr : nullptr;
}
