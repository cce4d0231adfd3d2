/* The smallest plugin: a table of readings in, one token a row out. Plain C, no library but this header.
 *
 * Token j of a row is sin(gain * reading * 2^(j/2)), a fixed code of one number; a real encoder would put a
 * network here. Every function below is called by the host on one thread, one call after another
 * (lateral/plugin.h says more). */
#include <lateral/plugin.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#define WIDTH 16u
#define MAX_TOKENS 256u

LAT_NOTE("template", "1.0.0", 0u, 0u);

static const lat_host* host;
static double gain;
static uint64_t handles; /* how many encoders were created; the last handle given */
static uint64_t living[64];

/* Writes a reason where the host wants it, and hands the status through. */
static int32_t refuse(lat_err* err, int32_t code, const char* what, const char* which) {
  if (err != NULL) {
    err->code = code;
    if (err->msg != NULL) snprintf(err->msg, (size_t)err->msg_cap, "%s \"%s\"", what, which);
  }
  return code;
}

static uint64_t* find(uint64_t handle) {
  for (size_t i = 0; handle != 0 && i < sizeof living / sizeof *living; ++i) {
    if (living[i] == handle) return &living[i];
  }
  return NULL;
}

static int32_t init(lat_ctx* ctx, const lat_kv* const* options, uint32_t n_options, lat_err* err) {
  gain = 1.0;
  for (uint32_t i = 0; i < n_options; ++i) {
    if (strcmp(options[i]->key, "gain") != 0)
      return refuse(err, LAT_INVALID_ARGUMENT, "unknown option", options[i]->key);
    if (options[i]->type == LAT_KV_F64) {
      gain = options[i]->f64;
    } else if (options[i]->type == LAT_KV_I64) {
      gain = (double)options[i]->i64;
    } else {
      return refuse(err, LAT_INVALID_ARGUMENT, "a number is wanted for option", "gain");
    }
  }
  static const char hello[] = "ready";
  host->log(ctx, LAT_LOG_DEBUG, hello, sizeof hello - 1);
  return LAT_OK;
}

static int32_t shutdown(uint64_t deadline_ns, lat_err* err) {
  (void)deadline_ns;
  (void)err;
  memset(living, 0, sizeof living);
  return LAT_OK;
}

static int32_t encoder_count(uint32_t* count, lat_err* err) {
  (void)err;
  *count = 1;
  return LAT_OK;
}

static int32_t encoder_info(uint32_t index, lat_encoder_info* info, lat_err* err) {
  static const int64_t shape[] = {-1, 1};
  static const char* const columns[] = {"value"};
  static const lat_input_info readings = {.struct_size = sizeof readings,
                                          .name = "readings",
                                          .kind = LAT_INPUT_TABLE,
                                          .dtype = LAT_DTYPE_F32,
                                          .ndim = 2,
                                          .shape = shape,
                                          .n_columns = 1,
                                          .columns = columns};
  static const lat_input_info* const inputs[] = {&readings};
  if (index != 0) return refuse(err, LAT_OUT_OF_RANGE, "no such encoder in", "template");
  info->flags = LAT_ENCODER_DETERMINISTIC;
  info->name = "template";
  info->modality = "table";
  info->token_space = "template-sin-1";
  info->token_width = WIDTH;
  info->max_tokens = MAX_TOKENS;
  info->token_dtype = LAT_DTYPE_F32;
  info->n_inputs = 1;
  info->inputs = inputs;
  info->token_limit = 1.0;
  return LAT_OK;
}

static int32_t create(uint32_t index, const lat_kv* const* options, uint32_t n_options, uint64_t* handle,
                      lat_err* err) {
  if (index != 0) return refuse(err, LAT_OUT_OF_RANGE, "no such encoder in", "template");
  if (n_options != 0) return refuse(err, LAT_INVALID_ARGUMENT, "unknown option", options[0]->key);
  for (size_t i = 0; i < sizeof living / sizeof *living; ++i) {
    if (living[i] == 0) {
      *handle = living[i] = ++handles;
      return LAT_OK;
    }
  }
  return refuse(err, LAT_RESOURCE_EXHAUSTED, "too many encoders of", "template");
}

static int32_t destroy(uint64_t handle, lat_err* err) {
  uint64_t* const slot = find(handle);
  if (slot == NULL) return refuse(err, LAT_NOT_FOUND, "no such handle in", "template");
  *slot = 0;
  return LAT_OK;
}

static int32_t plan(uint64_t handle, const lat_tensor* const* in, uint32_t n_in, lat_plan* out,
                    lat_err* err) {
  if (find(handle) == NULL) return refuse(err, LAT_NOT_FOUND, "no such handle in", "template");
  if (n_in != 1 || in[0]->dl.shape[0] < 1) return refuse(err, LAT_INVALID_ARGUMENT, "no rows in", "readings");
  const int64_t rows = in[0]->dl.shape[0];
  out->n_tokens = rows < (int64_t)MAX_TOKENS ? (uint32_t)rows : MAX_TOKENS;
  return LAT_OK;
}

static int32_t encode(uint64_t handle, lat_encode* args, lat_err* err) {
  if (find(handle) == NULL) return refuse(err, LAT_NOT_FOUND, "no such handle in", "template");
  const int64_t n = args->out[0]->dl.shape[0]; /* what plan said */
  const float* const readings =
      (const float*)((const char*)args->in[0]->dl.data + args->in[0]->dl.byte_offset);
  float* const tokens = (float*)((char*)args->out[0]->dl.data + args->out[0]->dl.byte_offset);
  for (int64_t i = 0; i < n; ++i) {
    if (lat_cancelled(args)) return LAT_CANCELLED;
    for (uint32_t j = 0; j < WIDTH; ++j)
      tokens[i * WIDTH + j] = (float)sin(gain * readings[i] * exp2(j / 2.0));
  }
  *args->n_tokens = (uint32_t)n;
  return LAT_OK;
}

static const lat_plugin table = {.struct_size = sizeof table,
                                 .abi_minor_built = LAT_ABI_MINOR,
                                 .abi_minor_required = 0,
                                 .sanitizer = LAT_SANITIZER,
                                 .id = "template",
                                 .version = "1.0.0",
                                 .init = init,
                                 .shutdown = shutdown,
                                 .encoder_count = encoder_count,
                                 .encoder_info = encoder_info,
                                 .create = create,
                                 .destroy = destroy,
                                 .plan = plan,
                                 .encode = encode};

const lat_plugin* lateral_plugin_entry_v1(const lat_host* given) {
  host = given;
  return &table;
}
