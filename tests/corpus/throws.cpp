// C++ across a C border: nothing here goes through the SDK, whose functions catch what is thrown.
#include <lateral/plugin.h>

#include <cstring>
#include <exception>
#include <iostream>
#include <locale>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string>

#include "case_names.h"

#define IS(name) (CASE == CASE_##name)

LAT_NOTE(CASE_ID, "1.0.0", 0U, 0U);

namespace {

struct Grouping : std::numpunct<char> {
  std::string do_grouping() const override { return "\3"; }
};

/// The C++ runtime is one for all.
void change_runtime() {
  static std::stringbuf buffer;
  if (IS(cpp_locale)) std::locale::global(std::locale(std::locale(), new Grouping));
  if (IS(cpp_new_handler)) std::set_new_handler([] { throw std::bad_alloc(); });
  if (IS(cpp_stream)) std::cout.rdbuf(&buffer);
}

std::int32_t init(lat_ctx*, const lat_kv* const* options, std::uint32_t n, lat_err* err) {
  if (IS(throw_init)) throw std::runtime_error("no weights today");
  if (IS(terminate_init)) std::terminate();
  change_runtime();
  if (n == 0) return LAT_OK;
  if (err != nullptr && err->msg != nullptr && err->msg_cap > 0) {
    const std::string text = "unknown option " + std::string(options[0]->key);
    std::strncpy(err->msg, text.c_str(), err->msg_cap - 1);
  }
  return LAT_INVALID_ARGUMENT;
}

std::int32_t shutdown(std::uint64_t, lat_err*) {
  return LAT_OK;
}

std::int32_t encoder_count(std::uint32_t* count, lat_err*) {
  *count = 1;
  return LAT_OK;
}

std::int32_t encoder_info(std::uint32_t index, lat_encoder_info* info, lat_err*) {
  static const std::int64_t shape[] = {-1};
  static const lat_input_info bytes{
      sizeof(lat_input_info), 0, "bytes", LAT_INPUT_RAW, LAT_DTYPE_U8, 1, 0, shape, nullptr, nullptr, 0};
  static const lat_input_info* const inputs[] = {&bytes};
  if (index != 0) return LAT_OUT_OF_RANGE;
  info->name = "throws";
  info->token_space = "throws-1";
  info->token_width = 1;
  info->max_tokens = 1;
  info->token_dtype = LAT_DTYPE_F32;
  info->n_inputs = 1;
  info->inputs = inputs;
  return LAT_OK;
}

std::int32_t create(std::uint32_t, const lat_kv* const*, std::uint32_t, std::uint64_t* handle, lat_err*) {
  *handle = 1;
  return LAT_OK;
}

std::int32_t destroy(std::uint64_t, lat_err*) {
  if (IS(throw_destroy)) throw 42;
  return LAT_OK;
}

std::int32_t plan(std::uint64_t, const lat_tensor* const*, std::uint32_t, lat_plan* out, lat_err*) {
  out->n_tokens = 1;
  return LAT_OK;
}

std::int32_t encode(std::uint64_t, lat_encode* args, lat_err*) {
  if (IS(throw_encode) || IS(throw_encode_static)) throw std::logic_error("a wheel fell off");
  *static_cast<float*>(args->out[0]->dl.data) = 1;
  *args->n_tokens = 1;
  return LAT_OK;
}

void cancel(std::uint64_t, std::uint64_t) {
  throw 42;
}

const lat_plugin table{sizeof(lat_plugin),
                       0,
                       LAT_ABI_MINOR,
                       0,
                       LAT_SANITIZER,
                       0,
                       CASE_ID,
                       "1.0.0",
                       nullptr,
                       &init,
                       &shutdown,
                       &encoder_count,
                       &encoder_info,
                       &create,
                       &destroy,
                       &plan,
                       &encode,
                       IS(cancel_throws) ? &cancel : nullptr,
                       nullptr};

}  // namespace

extern "C" LAT_EXPORT const lat_plugin* lateral_plugin_entry_v1(const lat_host*) {
  return &table;
}

#if CASE == CASE_unique_symbols
// As a build without lateral_add_plugin() leaves it: g++ exports such statics as UNIQUE symbols.
template <typename T>
struct Registry {
  static inline T value{};
};
__attribute__((visibility("default"))) int use_registry() {
  return ++Registry<int>::value;
}
#endif
