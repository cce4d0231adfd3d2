/* The plugin of ABI 1.0 that later hosts have to load as it is: it uses everything that 1.0 has. It is built once, from
 * the header beside it (make.sh); the library is kept in the repository.
 *
 * One token a row of "readings" [rows, 2] with columns a, b: gain * a, gain * b, their sum, the row's number; with
 * scores, keys and positions. */
#include <lateral/plugin.h>

#include <stdio.h>
#include <string.h>

#define WIDTH 4u
#define MAX_TOKENS 64u
#define COUNT(array) (sizeof(array) / sizeof *(array))

LAT_NOTE("frozen", "1.0.0", 0u, 0u);

static const lat_host* host;
static lat_ctx* context;
static double gain;
static uint64_t handles;
static uint64_t living[32];

static int32_t refuse(lat_err* err, int32_t code, const char* what, const char* which) {
  if (err != NULL) {
    err->code = code;
    err->detail = 10;
    if (err->msg != NULL) snprintf(err->msg, (size_t)err->msg_cap, "%s \"%s\"", what, which);
  }
  return code;
}

static int32_t read_option(const lat_kv* option, lat_err* err) {
  if (strcmp(option->key, "gain") != 0) {
    return refuse(err, LAT_INVALID_ARGUMENT, "unknown option", option->key);
  }
  if (option->type == LAT_KV_F64) {
    gain = option->f64;
  } else if (option->type == LAT_KV_I64) {
    gain = (double)option->i64;
  } else {
    return refuse(err, LAT_INVALID_ARGUMENT, "a number is wanted for option", option->key);
  }
  return LAT_OK;
}

static int32_t init(lat_ctx* ctx, const lat_kv* const* options, uint32_t n_options, lat_err* err) {
  context = ctx;
  gain = 1;
  for (uint32_t i = 0; i < n_options; ++i) {
    const int32_t status = read_option(options[i], err);
    if (status != LAT_OK) return status;
  }
  if (host->get_capability(ctx, "lateral.none/1") != NULL) {
    return refuse(err, LAT_FAILED_PRECONDITION, "the host claims", "lateral.none/1");
  }
  host->log(ctx, LAT_LOG_DEBUG, host->plugin_dir, strlen(host->plugin_dir));
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
  static const int64_t rows[] = {-1, 2};
  static const char* const columns[] = {"a", "b"};
  static const lat_input_info readings = {.struct_size = sizeof readings,
                                          .name = "readings",
                                          .kind = LAT_INPUT_TABLE,
                                          .dtype = LAT_DTYPE_F32,
                                          .ndim = 2,
                                          .n_columns = 2,
                                          .shape = rows,
                                          .columns = columns,
                                          .units = "m"};
  static const int64_t bytes[] = {-1};
  static const lat_input_info question = {.struct_size = sizeof question,
                                          .flags = LAT_INPUT_OPTIONAL,
                                          .name = "instruction",
                                          .kind = LAT_INPUT_TEXT,
                                          .dtype = LAT_DTYPE_U8,
                                          .ndim = 1,
                                          .shape = bytes};
  static const lat_input_info* const inputs[] = {&readings, &question};
  if (index != 0) return refuse(err, LAT_OUT_OF_RANGE, "no such encoder in", "frozen");
  info->flags = LAT_ENCODER_DETERMINISTIC | LAT_ENCODER_REENTRANT;
  info->name = "frozen";
  info->modality = "table";
  info->token_space = "frozen-1";
  info->token_width = WIDTH;
  info->max_tokens = MAX_TOKENS;
  info->token_dtype = LAT_DTYPE_F32;
  info->n_inputs = COUNT(inputs);
  info->inputs = inputs;
  return LAT_OK;
}

static int32_t create(uint32_t index, const lat_kv* const* options, uint32_t n_options, uint64_t* handle,
                      lat_err* err) {
  if (index != 0) return refuse(err, LAT_OUT_OF_RANGE, "no such encoder in", "frozen");
  if (n_options != 0) return refuse(err, LAT_INVALID_ARGUMENT, "unknown option", options[0]->key);
  for (size_t i = 0; i < COUNT(living); ++i) {
    if (living[i] != 0) continue;
    *handle = living[i] = ++handles;
    return LAT_OK;
  }
  return refuse(err, LAT_RESOURCE_EXHAUSTED, "too many encoders of", "frozen");
}

static uint64_t* find(uint64_t handle) {
  for (size_t i = 0; handle != 0 && i < COUNT(living); ++i) {
    if (living[i] == handle) return &living[i];
  }
  return NULL;
}

static int32_t destroy(uint64_t handle, lat_err* err) {
  uint64_t* const slot = find(handle);
  if (slot == NULL) return refuse(err, LAT_NOT_FOUND, "no such handle in", "frozen");
  *slot = 0;
  return LAT_OK;
}

static const lat_tensor* input(const lat_tensor* const* in, uint32_t n_in, const char* name) {
  for (uint32_t i = 0; i < n_in; ++i) {
    if (strcmp(in[i]->name, name) == 0) return in[i];
  }
  return NULL;
}

static int32_t plan(uint64_t handle, const lat_tensor* const* in, uint32_t n_in, lat_plan* out,
                    lat_err* err) {
  if (find(handle) == NULL) return refuse(err, LAT_NOT_FOUND, "no such handle in", "frozen");
  const lat_tensor* const readings = input(in, n_in, "readings");
  if (readings == NULL || readings->dl.shape[0] < 1) {
    return refuse(err, LAT_INVALID_ARGUMENT, "no rows in", "readings");
  }
  const int64_t rows = readings->dl.shape[0];
  out->n_tokens = rows < (int64_t)MAX_TOKENS ? (uint32_t)rows : MAX_TOKENS;
  out->workspace_bytes = sizeof(float) * out->n_tokens;
  return LAT_OK;
}

static float* numbers(const lat_tensor* tensor) {
  return (float*)((char*)tensor->dl.data + tensor->dl.byte_offset);
}

static float* output(const lat_encode* args, const char* name) {
  for (uint32_t i = 0; i < args->n_out; ++i) {
    if (strcmp(args->out[i]->name, name) == 0) return numbers(args->out[i]);
  }
  return NULL;
}

static void sum_row(uint32_t row, void* user) {
  const lat_encode* const args = user;
  const float* const reading = numbers(input(args->in, args->n_in, "readings")) + 2 * row;
  numbers(args->workspace)[row] = (float)gain * reading[0] + (float)gain * reading[1];
}

static void write_extras(const lat_encode* args, uint32_t row, const float* reading) {
  float* const scores = output(args, "scores");
  float* const keys = output(args, "keys");
  float* const positions = output(args, "positions");
  if (scores != NULL) scores[row] = (float)row;
  if (keys != NULL) keys[2 * row] = reading[0], keys[2 * row + 1] = reading[1];
  if (positions != NULL) positions[row] = (float)row;
}

static int32_t encode(uint64_t handle, lat_encode* args, lat_err* err) {
  if (find(handle) == NULL) return refuse(err, LAT_NOT_FOUND, "no such handle in", "frozen");
  const uint32_t n = (uint32_t)args->out[0]->dl.shape[0];
  const lat_tensor* const readings = input(args->in, args->n_in, "readings");
  if (readings == NULL) return refuse(err, LAT_INVALID_ARGUMENT, "no input", "readings");
  if (host->parallel_for(context, n, &sum_row, args) != LAT_OK) {
    return refuse(err, LAT_INTERNAL, "the host refuses", "parallel_for");
  }
  for (uint32_t row = 0; row < n; ++row) {
    if (lat_cancelled(args)) return LAT_CANCELLED;
    if (args->deadline_ns != 0 && host->now_ns(context) > args->deadline_ns) return LAT_DEADLINE_EXCEEDED;
    const float* const reading = numbers(readings) + 2 * row;
    float* const token = numbers(args->out[0]) + WIDTH * row;
    token[0] = (float)gain * reading[0];
    token[1] = (float)gain * reading[1];
    token[2] = numbers(args->workspace)[row];
    token[3] = (float)row;
    write_extras(args, row, reading);
  }
  *args->n_tokens = n;
  return LAT_OK;
}

static void cancel(uint64_t handle, uint64_t request) {
  (void)handle;
  (void)request;
}

static int32_t describe_scores(uint32_t index, lat_token_output_info* info, lat_err* err) {
  (void)err;
  info->width = 1;
  return index == 0 ? LAT_OK : LAT_NOT_FOUND;
}

static int32_t describe_keys(uint32_t index, lat_token_output_info* info, lat_err* err) {
  (void)err;
  info->width = 2;
  return index == 0 ? LAT_OK : LAT_NOT_FOUND;
}

static int32_t describe_positions(uint32_t index, lat_token_output_info* info, lat_err* err) {
  static const char* const axes[] = {"row"};
  (void)err;
  info->width = 1;
  info->n_axes = 1;
  info->axes = axes;
  return index == 0 ? LAT_OK : LAT_NOT_FOUND;
}

static const void* get_capability(const char* id) {
  static const lat_token_output scores = {sizeof scores, 0, describe_scores};
  static const lat_token_output keys = {sizeof keys, 0, describe_keys};
  static const lat_token_output positions = {sizeof positions, 0, describe_positions};
  if (strcmp(id, LAT_CAP_TOKEN_SCORES) == 0) return &scores;
  if (strcmp(id, LAT_CAP_TOKEN_KEYS) == 0) return &keys;
  if (strcmp(id, LAT_CAP_TOKEN_POSITIONS) == 0) return &positions;
  return NULL;
}

static const lat_plugin table = {.struct_size = sizeof table,
                                 .abi_minor_built = LAT_ABI_MINOR,
                                 .abi_minor_required = 0,
                                 .sanitizer = LAT_SANITIZER,
                                 .id = "frozen",
                                 .version = "1.0.0",
                                 .build_id = "from the header of ABI 1.0",
                                 .init = init,
                                 .shutdown = shutdown,
                                 .encoder_count = encoder_count,
                                 .encoder_info = encoder_info,
                                 .create = create,
                                 .destroy = destroy,
                                 .plan = plan,
                                 .encode = encode,
                                 .cancel = cancel,
                                 .get_capability = get_capability};

const lat_plugin* lateral_plugin_entry_v1(const lat_host* given) {
  host = given;
  return &table;
}
