/* lateral plugin API, ABI 1.0. Stable: what is declared here stays as it is (docs/compatibility.md).
 *
 * A plugin is a shared library with one or more encoders: each turns one sample of sensor data into tokens.
 * It is written against this header alone, with any compiler for LP64 little-endian ELF.
 * C++ authors use plugin.hpp.
 *
 * Rules that hold for every declaration below
 *  - Every struct starts with its own size. Fields are only appended, never reused. A reader uses the smaller
 *    of the size it finds and the size it knows; what lies beyond is absent (zero, NULL).
 *  - Reserved fields, and bits of flags that have no name here, are zero, and are ignored by whoever reads them. A
 *    later minor may give them a meaning; a host heeds it only in plugins that are built for that minor.
 *  - Arrays are arrays of pointers, because the stride of an array of structs would change when the struct grows.
 *  - Nobody frees what the other side allocated. Outputs, workspace and error texts are host memory.
 *  - A pointer handed over by the host is valid until the call returns, unless said otherwise. A pointer
 *    handed over by the plugin (names, shapes) must stay valid until the host's next call into the plugin:
 *    the host copies it.
 *  - Strings are UTF-8 and end in NUL.
 *  - No exception, longjmp or signal leaves a function of the plugin.
 *
 * Threads
 *  [plugin-thread] the one thread that the host owns for this loaded copy; calls come one after another.
 *  [worker]        any thread of the host's pool, several at once; only for encoders marked LAT_ENCODER_REENTRANT.
 *  [any]           any thread, at any time between init and shutdown, also during another call.
 * Calls to [plugin-thread] go on while others run on [worker]; but a handle is destroyed only when none of its plan
 * and encode run.
 * A plugin must not change, on a thread that is not its own: signal mask or handlers, locale, working directory,
 * environment, umask, floating-point mode (rounding, FTZ, DAZ). The host restores the floating-point mode.
 *
 * Life of a plugin
 *  entry -> init -> { encoder_info, create -> { plan -> encode }* -> destroy }* -> shutdown -> unmapped
 */
#ifndef LATERAL_PLUGIN_H
#define LATERAL_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#if !defined(__LP64__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "lateral plugins are 64-bit and little-endian: the structs below have one layout"
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define LAT_ABI_MAJOR 1u
#define LAT_ABI_MINOR 0u

#define LAT_ENTRY_NAME "lateral_plugin_entry_v1"

/* ---- Status -------------------------------------------------------------------------------------------- */

/* What calls return; the numbers are those of absl and gRPC. Anything but LAT_OK: all outputs are discarded. */
#define LAT_OK 0
#define LAT_CANCELLED 1
#define LAT_UNKNOWN 2
#define LAT_INVALID_ARGUMENT 3
#define LAT_DEADLINE_EXCEEDED 4
#define LAT_NOT_FOUND 5
#define LAT_ALREADY_EXISTS 6
#define LAT_PERMISSION_DENIED 7
#define LAT_RESOURCE_EXHAUSTED 8
#define LAT_FAILED_PRECONDITION 9
#define LAT_ABORTED 10
#define LAT_OUT_OF_RANGE 11
#define LAT_UNIMPLEMENTED 12
#define LAT_INTERNAL 13
#define LAT_UNAVAILABLE 14
#define LAT_DATA_LOSS 15
#define LAT_UNAUTHENTICATED 16

/* Where a failing call writes its reason. The host owns it and the text buffer, and empties both before the
 * call. `lat_err*` may be NULL: nobody wants the text. */
typedef struct lat_err {
  uint32_t struct_size;
  uint32_t reserved0;
  int32_t code;     /* repeats the returned status */
  int32_t detail;   /* the plugin's own number, 0 = none */
  uint64_t msg_cap; /* bytes in msg, including the NUL */
  char* msg;        /* "what is wrong and what to change"; cut at msg_cap - 1 bytes */
} lat_err;

/* ---- Options ------------------------------------------------------------------------------------------- */

#define LAT_KV_STR 1u   /* str, count = its length without NUL */
#define LAT_KV_I64 2u   /* i64 */
#define LAT_KV_F64 3u   /* f64 */
#define LAT_KV_BOOL 4u  /* i64, 0 or 1 */
#define LAT_KV_I64S 5u  /* i64s[count] */
#define LAT_KV_BYTES 6u /* bytes[count] */

/* One option of the plugin, from the configuration table [plugin.<id>.options]. Only the field of its type is
 * set. A key or a type that the plugin does not know is LAT_INVALID_ARGUMENT, and the text names the key. Keys that
 * begin with "lateral." are the host's, for plugins that ask for them with a capability. */
typedef struct lat_kv {
  uint32_t struct_size;
  uint32_t type; /* LAT_KV_... */
  const char* key;
  int64_t i64;
  double f64;
  const char* str;
  const int64_t* i64s;
  const uint8_t* bytes;
  uint64_t count;
} lat_kv;

/* ---- Tensors ------------------------------------------------------------------------------------------- */

/* Element types: DLPack's code, bits and lanes in one number. */
#define LAT_DTYPE(code, bits) ((uint32_t)(code) | ((uint32_t)(bits) << 8) | (1u << 16))
#define LAT_DTYPE_I32 LAT_DTYPE(0, 32)
#define LAT_DTYPE_I64 LAT_DTYPE(0, 64)
#define LAT_DTYPE_U8 LAT_DTYPE(1, 8)
#define LAT_DTYPE_F32 LAT_DTYPE(2, 32)

#define LAT_DEVICE_CPU 1
#define LAT_DEVICE_CUDA 2

/* Same layout as DLPack's DLTensor. It never grows, so it has no struct_size. */
typedef struct lat_dltensor {
  void* data;
  int32_t device_type; /* LAT_DEVICE_... */
  int32_t device_id;
  int32_t ndim;
  uint8_t dtype_code; /* LAT_DTYPE_... taken apart */
  uint8_t dtype_bits;
  uint16_t dtype_lanes;
  int64_t* shape;   /* [ndim], not to be written */
  int64_t* strides; /* NULL = compact, row-major; the host gives nothing else in ABI 1.0 */
  uint64_t byte_offset;
} lat_dltensor;

#define LAT_TENSOR_READONLY 1u    /* an input: writing to it is a breach of contract */
#define LAT_TENSOR_ZERO_FILLED 2u /* an output whose bytes are zero at the start of the call */

/* Host memory. data + byte_offset is 256-byte aligned. */
typedef struct lat_tensor {
  uint32_t struct_size;
  uint32_t flags; /* LAT_TENSOR_... */
  lat_dltensor dl;
  uint64_t capacity_bytes; /* bytes that may be touched from data + byte_offset */
  int64_t t_ns;     /* when an input was recorded, on one clock for all inputs of a sample; 0 = unknown */
  const char* name; /* which declared input or output it is, e.g. "views", "tokens", "scores" */
} lat_tensor;

/* ---- What an encoder is -------------------------------------------------------------------------------- */

/* Kinds of input. The host decodes files into these forms; the plugin resizes and normalises. */
#define LAT_INPUT_IMAGE 1u  /* u8 [views, height, width, 3], RGB */
#define LAT_INPUT_POINTS 2u /* f32 [points, columns] */
#define LAT_INPUT_AUDIO 3u  /* f32 [samples], mono, rate_hz */
#define LAT_INPUT_TABLE 4u  /* f32 [rows, columns], e.g. IMU: one row a moment */
#define LAT_INPUT_TEXT 5u   /* u8 [bytes], UTF-8. Named "instruction", it receives the question being asked */
#define LAT_INPUT_RAW 6u    /* u8 [bytes], as in the file */

#define LAT_INPUT_OPTIONAL 1u /* encode may be called without it */

typedef struct lat_input_info {
  uint32_t struct_size;
  uint32_t flags;   /* LAT_INPUT_OPTIONAL */
  const char* name; /* unique in the encoder; the name users type: --input ID.NAME=PATH */
  uint32_t kind;    /* LAT_INPUT_... */
  uint32_t dtype;   /* as the kind says */
  uint32_t ndim;
  uint32_t n_columns;         /* 0 = columns are not named */
  const int64_t* shape;       /* [ndim], -1 = any; the host refuses other shapes before encode */
  const char* const* columns; /* [n_columns]: the host picks these columns, in this order */
  const char* units;          /* e.g. "m", or NULL */
  double rate_hz;             /* audio: the only rate accepted, 0 = any */
} lat_input_info;

#define LAT_ENCODER_REENTRANT 1u     /* plan and encode may run on [worker] threads, several at once */
#define LAT_ENCODER_DETERMINISTIC 2u /* same bytes in, same bytes out, on one machine */

#define LAT_TOKEN_SPACE_MAX 64u /* bytes, without the NUL */

typedef struct lat_encoder_info {
  uint32_t struct_size;
  uint32_t flags;       /* LAT_ENCODER_... */
  const char* name;     /* unique in the plugin */
  const char* modality; /* free word for people, e.g. "camera" */
  /* 1..64 bytes; change it whenever weights or preprocessing change what tokens mean: adapters trained on one
   * token space do not fit another. */
  const char* token_space;
  uint32_t token_width; /* e: each token is e numbers */
  uint32_t max_tokens;  /* no sample ever gives more */
  uint32_t token_dtype; /* LAT_DTYPE_F32 */
  uint32_t n_inputs;
  const lat_input_info* const* inputs;
  double token_limit; /* no token component exceeds it in magnitude, checked by the host; 0 = not stated */
  uint64_t reserved[4];
} lat_encoder_info;

/* ---- Work ---------------------------------------------------------------------------------------------- */

/* What one encode will need for the inputs that plan saw. */
typedef struct lat_plan {
  uint32_t struct_size;
  uint32_t reserved0;
  uint32_t n_tokens; /* upper bound, 1..max_tokens */
  uint32_t reserved1;
  uint64_t workspace_bytes; /* scratch memory that encode gets, 0 = none */
  uint64_t reserved[4];
} lat_plan;

typedef struct lat_encode {
  uint32_t struct_size;
  uint32_t reserved0;
  uint64_t request;            /* number of this encode, unique in the process */
  const lat_tensor* const* in; /* as declared and in that order; an optional one may be left out */
  /* First "tokens", f32 [plan.n_tokens, token_width]; then what capabilities declared, to be found by name. */
  lat_tensor* const* out;
  uint32_t n_in;
  uint32_t n_out;
  void* stream; /* device_type CUDA: the stream to enqueue on; CPU: NULL, work is done at return */
  int32_t device_type;
  int32_t device_id;
  const uint32_t* cancel_word; /* not NULL; non-zero when the result is no longer wanted, see lat_cancelled */
  uint64_t deadline_ns;        /* on the clock of lat_host.now_ns; 0 = none */
  lat_tensor* workspace;       /* u8 [plan.workspace_bytes], or NULL when none was planned */
  uint32_t* n_tokens;          /* not NULL; to be set: how many tokens are real, 1..plan.n_tokens */
  uint64_t reserved[4];
} lat_encode;

/* Non-zero when the host no longer wants this result. Long encodes poll it every few milliseconds. */
static inline uint32_t lat_cancelled(const lat_encode* args) {
  return __atomic_load_n(args->cancel_word, __ATOMIC_RELAXED);
}

/* ---- The host's table ---------------------------------------------------------------------------------- */

typedef struct lat_ctx lat_ctx; /* the host's own; handed back to it in every call */

#define LAT_LOG_DEBUG 1u
#define LAT_LOG_INFO 2u
#define LAT_LOG_WARN 3u
#define LAT_LOG_ERROR 4u

/* Valid from the entry until shutdown has returned. */
typedef struct lat_host {
  uint32_t struct_size;
  uint32_t abi_minor; /* the host's LAT_ABI_MINOR: fields of later minors are absent */
  /* Folder of the plugin's file, for weights beside it. (The library is loaded from a sealed copy in memory, so
   * dladdr and $ORIGIN do not lead there.) */
  const char* plugin_dir;

  /* [any] One line for the host's log; cut at 4096 bytes. */
  void (*log)(lat_ctx* ctx, uint32_t level, const char* text, uint64_t length);

  /* [any] Monotonic nanoseconds; the clock of all deadlines. */
  uint64_t (*now_ns)(lat_ctx* ctx);

  /* [plugin-thread], [worker] Calls body(i, user) once for every i in [0, n), on host threads and the calling
   * one, and returns when all are done. Use it instead of a pool of your own. body must not throw and must
   * not call parallel_for. Returns LAT_OK, or LAT_INVALID_ARGUMENT when nested or body is NULL. */
  int32_t (*parallel_for)(lat_ctx* ctx, uint32_t n, void (*body)(uint32_t i, void* user), void* user);

  /* [plugin-thread] A table of a later or optional ability by name ("lateral.name/REV"), or NULL. It is valid as long
   * as this one. */
  const void* (*get_capability)(lat_ctx* ctx, const char* id);
} lat_host;

/* ---- The plugin's table -------------------------------------------------------------------------------- */

/* The author knows that the library stays mapped after unloading (UNIQUE symbols, NODELETE, static TLS); without
 * this the host refuses such a library. */
#define LAT_PLUGIN_RESIDENT 1u

#define LAT_SANITIZER_ADDRESS 1u
#define LAT_SANITIZER_THREAD 2u

/* Static data of the plugin, valid while it is mapped. Functions marked R are required; another may be NULL. */
typedef struct lat_plugin {
  uint32_t struct_size;
  uint32_t reserved0;
  uint32_t abi_minor_built;    /* LAT_ABI_MINOR */
  uint32_t abi_minor_required; /* the oldest host minor it works with */
  uint32_t sanitizer;          /* LAT_SANITIZER, below */
  uint32_t flags;              /* LAT_PLUGIN_... */
  const char* id;              /* 1..31 of [a-z0-9._-]; the same as in the ELF note */
  const char* version;         /* 1..15 bytes, the same as in the ELF note */
  const char* build_id;        /* free text for people, or NULL */

  /* R [plugin-thread] Once, before everything else. Options are those of [plugin.<id>.options].
   * After a failure the host calls nothing more, not even shutdown. */
  int32_t (*init)(lat_ctx* ctx, const lat_kv* const* options, uint32_t n_options, lat_err* err);

  /* R [plugin-thread] Ends the plugin's own threads and frees everything. All handles are destroyed before.
   * Must return by deadline_ns; calling it again is LAT_OK. */
  int32_t (*shutdown)(uint64_t deadline_ns, lat_err* err);

  /* R [plugin-thread] How many encoders there are, at least 1; fixed after init. */
  int32_t (*encoder_count)(uint32_t* count, lat_err* err);

  /* R [plugin-thread] Fills info for encoder `index`; the host has set struct_size and zeroed the rest. */
  int32_t (*encoder_info)(uint32_t index, lat_encoder_info* info, lat_err* err);

  /* R [plugin-thread] A new instance of encoder `index`. Options given here go before those of init. The
   * handle is a number of the plugin's choice, unique among its living handles. */
  int32_t (*create)(uint32_t index, const lat_kv* const* options, uint32_t n_options, uint64_t* handle,
                    lat_err* err);

  /* R [plugin-thread] Ends an instance. A handle that does not exist is LAT_NOT_FOUND. */
  int32_t (*destroy)(uint64_t handle, lat_err* err);

  /* R [plugin-thread], [worker] if REENTRANT. What encode will need for these inputs. Only shapes may decide. */
  int32_t (*plan)(uint64_t handle, const lat_tensor* const* in, uint32_t n_in, lat_plan* plan, lat_err* err);

  /* R [plugin-thread], [worker] if REENTRANT. One sample into tokens. */
  int32_t (*encode)(uint64_t handle, lat_encode* args, lat_err* err);

  /* [any] A hint that `request` is no longer wanted; the cancel word says the same. Must not block. */
  void (*cancel)(uint64_t handle, uint64_t request);

  /* [plugin-thread] A table of an optional ability by name, or NULL; after init, the same answer every time. The
   * table is valid while the library is mapped. Names: "lateral.name/REV"; those of others begin with a reversed
   * domain, "com.example.name/REV". */
  const void* (*get_capability)(const char* id);
} lat_plugin;

/* [plugin-thread] The one exported symbol. Pure: no thread, no allocation, no device.
 * NULL = this host does not suit the plugin. */
typedef const lat_plugin* (*lat_entry)(const lat_host* host);
#define LAT_EXPORT __attribute__((visibility("default")))
LAT_EXPORT const lat_plugin* lateral_plugin_entry_v1(const lat_host* host);

/* ---- Capabilities of a plugin -------------------------------------------------------------------------- */

/* Extra outputs of encode, one row a token: f32 [plan.n_tokens, width], all finite. Each id names a
 * lat_token_output.
 *  token-scores     out "scores", width 1: importance, higher = keep
 *  token-keys       out "keys": similar rows may be merged
 *  token-positions  out "positions": where (and when) a token is */
#define LAT_CAP_TOKEN_SCORES "lateral.token-scores/1"
#define LAT_CAP_TOKEN_KEYS "lateral.token-keys/1"
#define LAT_CAP_TOKEN_POSITIONS "lateral.token-positions/1"

typedef struct lat_token_output_info {
  uint32_t struct_size;
  uint32_t reserved0;
  uint32_t width;          /* numbers a token, at least 1 */
  uint32_t n_axes;         /* positions: = width; else 0 */
  const char* const* axes; /* [n_axes], e.g. "view", "x", "y" or "x", "y", "z", "t" */
  const char* units;       /* e.g. "m", or NULL */
  uint64_t reserved[4];
} lat_token_output_info;

typedef struct lat_token_output {
  uint32_t struct_size;
  uint32_t reserved0;
  /* [plugin-thread] What encoder `index` gives; LAT_NOT_FOUND when this one gives none. */
  int32_t (*describe)(uint32_t index, lat_token_output_info* info, lat_err* err);
} lat_token_output;

/* ---- The ELF note -------------------------------------------------------------------------------------- */

/* Readable without running any code; every plugin carries exactly one. A later minor may make it longer. */
typedef struct lat_note_desc {
  uint32_t abi_major;
  uint32_t abi_minor_built;
  uint32_t abi_minor_required;
  uint32_t flags; /* as lat_plugin.flags */
  char id[32];
  char version[16];
} lat_note_desc;

typedef struct lat_note {
  uint32_t name_size; /* 8 */
  uint32_t desc_size; /* 64 */
  uint32_t type;      /* 1 */
  char name[8];       /* "LATERAL" */
  lat_note_desc desc;
} lat_note;

/* Once in a plugin, at file scope. Rationale: internal linkage and alignment 4, because a C++17 inline
 * variable would become a UNIQUE symbol (which pins the library in memory), and other alignments make the
 * note unreadable. */
#define LAT_NOTE(plugin_id, plugin_version, minor_required, plugin_flags)                               \
  __attribute__((section(".note.lateral"), used, aligned(4))) static const lat_note lat_plugin_note = { \
      8u,                                                                                               \
      64u,                                                                                              \
      1u,                                                                                               \
      "LATERAL",                                                                                        \
      {LAT_ABI_MAJOR, LAT_ABI_MINOR, (minor_required), (plugin_flags), plugin_id, plugin_version}}

/* LAT_SANITIZER: what this file is compiled with. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LAT_SANITIZER LAT_SANITIZER_ADDRESS
#elif __has_feature(thread_sanitizer)
#define LAT_SANITIZER LAT_SANITIZER_THREAD
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define LAT_SANITIZER LAT_SANITIZER_ADDRESS
#elif defined(__SANITIZE_THREAD__)
#define LAT_SANITIZER LAT_SANITIZER_THREAD
#endif
#ifndef LAT_SANITIZER
#define LAT_SANITIZER 0u
#endif

#ifdef __cplusplus
}
#endif

#endif /* LATERAL_PLUGIN_H */
