/* One correct little plugin and a hundred that are not: CASE, given by the build, says what is wrong with this one.
 *
 * Row i of the table "readings" [rows, 2] gives the token (a, b, a + b, 1). */
#define _GNU_SOURCE
#include <lateral/plugin.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <unwind.h>
#ifdef __x86_64__
#include <xmmintrin.h>
#endif

#include "case_names.h"

#define IS(name) (CASE == CASE_##name)
#define IF(name) if (IS(name))

#define WIDTH 4u
#define MAX_TOKENS 64u
#define MAX_HANDLES 64u

/* ---- Ways to go wrong ---------------------------------------------------------------------------------- */

static volatile int always = 1;

static void crash(void) {
  *(volatile int*)16 = 1;
}
static void hang(void) {
  while (always) usleep(1000);
}
static int overflow(int depth) {
  volatile char room[4096];
  room[0] = (char)depth;
  return always ? overflow(depth + 1) + room[0] : 0;
}
static void pause_ms(long ms) {
  const struct timespec time = {ms / 1000, ms % 1000 * 1000000};
  nanosleep(&time, NULL);
}
static void ignore_signal(int number) {
  (void)number;
}
static void* thread_forever(void* nothing) {
  while (always) pause_ms(1);
  return nothing;
}
static void* thread_named(void* nothing) {
  pthread_setname_np(pthread_self(), "reader");
  return thread_forever(nothing);
}
static void start_thread(void* (*body)(void*), void* user) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, body, user) == 0) pthread_detach(thread);
}

/* A process that nobody knows any more: its parent is gone, and it leads a session of its own. */
static void leave_daemon(void) {
  if (fork() != 0) return;
  setsid();
  if (fork() == 0) pause_ms(1500);
  _exit(0);
}
static void limit_itself(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0) return;
  limit.rlim_cur = 4096;
  setrlimit(RLIMIT_MEMLOCK, &limit);
}
/* Code that the host would run when it ends. */
static void remember_exit(int status, void* nothing) {
  (void)status;
  (void)nothing;
}
/* Memory that a worker shares with its host, as far as messages go. */
static void scribble(void) {
  FILE* const maps = fopen("/proc/self/maps", "r");
  char line[512];
  unsigned long begin = 0;
  while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
    if (strstr(line, "lateral-lane") == NULL || sscanf(line, "%lx-", &begin) != 1) continue;
    memset((void*)begin, 0xA5, 4096 + (2u << 18u));
  }
  if (maps != NULL) fclose(maps);
}

/* ---- What it remembers --------------------------------------------------------------------------------- */

static const lat_host* host;
static lat_ctx* context;
static uint64_t last_handle;
static volatile int hidden;
static uint64_t living[MAX_HANDLES];
static float* kept;
static const lat_encode* kept_args;
static float scratch[MAX_TOKENS * WIDTH];
static volatile float sink;
static void* volatile leaked;
static uint32_t encodes;
static uint32_t descriptions;
static pthread_key_t key;
static pthread_mutex_t busy = PTHREAD_MUTEX_INITIALIZER;
#if CASE == CASE_static_tls || CASE == CASE_small_static_tls
static __thread volatile char storage[CASE == CASE_static_tls ? 4096 : 200]
    __attribute__((tls_model("initial-exec")));
#endif

#if CASE == CASE_tls_huge
static __thread char huge[64u << 20u] __attribute__((used));
#endif

static void* thread_calls(void* nothing) {
  while (always) {
    host->now_ns(context);
    pause_ms(1);
  }
  return nothing;
}

/* What a language other than C++ throws. */
static void throw_foreign(void) {
  static struct _Unwind_Exception foreign;
  foreign = (struct _Unwind_Exception){.exception_class = 0x434F525055530000u};
  _Unwind_RaiseException(&foreign);
}

static void hang_at_end(void* nothing) {
  (void)nothing;
  hang();
}

/* Blocks of another size with each call, and of each size one more than the last time: all are freed, but a C library that
   keeps freed blocks for the next call keeps more of them each time. */
static void use_all_sizes(void) {
  enum { sizes = 64, most = 8 };
  static unsigned calls;
  void* volatile blocks[most];
  const unsigned count = 1 + calls / sizes % most;
  for (unsigned i = 0; i < count; ++i) blocks[i] = malloc(24 + 16 * (calls % sizes));
  for (unsigned i = 0; i < count; ++i) free(blocks[i]);
  ++calls;
}
static void leak(size_t bytes) {
  leaked = malloc(bytes);
  for (size_t i = 0; i < bytes; i += 4096) ((volatile char*)leaked)[i] = 1;
}

static void* late_write(void* nothing) {
  pause_ms(20);
  kept[0] = 7;
  return nothing;
}

static int32_t refuse(lat_err* err, int32_t code, const char* what, const char* which) {
  IF(error_null) err->code = code;
  if (err == NULL) return code;
  err->code = code;
  IF(error_overflow) {
    if (err->msg != NULL)
      strcpy(err->msg, "this text is longer than some of the buffers that a host may give");
    return code;
  }
  if (IS(error_silent) || err->msg == NULL || err->msg_cap == 0) return code;
  IF(error_not_utf8) what = "\xff\xfe";
  snprintf(err->msg, (size_t)err->msg_cap, "%s \"%s\"", what, which);
  return code;
}

/* ---- The table's functions ----------------------------------------------------------------------------- */

static uint64_t* find(uint64_t handle) {
  for (size_t i = 0; handle != 0 && i < MAX_HANDLES; ++i) {
    if (living[i] == handle) return &living[i];
  }
  if (IS(any_handle) || IS(double_destroy)) return &living[0];
  return NULL;
}

static void change_process(void) {
  IF(changes_locale) setlocale(LC_ALL, "C.UTF-8");
  IF(changes_folder) {
    if (chdir("/") != 0) return;
  }
  IF(changes_umask) umask(077);
  IF(changes_variables) setenv("LATERAL_CORPUS", "1", 1);
  IF(changes_signals) signal(SIGUSR1, ignore_signal);
  IF(changes_mask) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
  }
  IF(changes_affinity) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((unsigned)sched_getcpu(), &set);
    sched_setaffinity(0, sizeof set, &set);
  }
  IF(changes_priority) setpriority(PRIO_PROCESS, 0, 5);
  IF(leaves_library) dlopen("libanl.so.1", RTLD_NOW | RTLD_LOCAL);
  IF(locks_memory) mlockall(MCL_CURRENT);
  IF(opens_socket) close((int)syscall(SYS_socket, 1, 1, 0)); /* the header has another shutdown */
  IF(leaves_descriptor) {
    if (open("/dev/null", O_RDONLY) < 0) return;
  }
  IF(closes_descriptor) close(0);
  IF(leaves_child) {
    if (fork() == 0) {
      pause_ms(60000);
      _exit(0);
    }
  }
  IF(leaves_daemon) leave_daemon();
  IF(changes_limits) limit_itself();
  IF(closes_all) close_range(3, ~0u, 0);
  IF(leaves_timer) {
    const struct itimerval soon = {{0, 0}, {30, 0}};
    setitimer(ITIMER_REAL, &soon, NULL);
  }
  IF(leaves_alarm) alarm(30);
  IF(runs_at_exit) on_exit(remember_exit, NULL);
  IF(leaves_key) pthread_key_create(&key, free);
  IF(puts_variable) {
    static char variable[] = "LATERAL_CORPUS_PUT=1";
    putenv(variable);
  }
  IF(hang_thread_local) {
    pthread_key_create(&key, hang_at_end);
    pthread_setspecific(key, &key);
  }
  IF(prints) printf("corpus: hello\n"), fflush(stdout);
  IF(complains) fprintf(stderr, "corpus: hello\n");
}

static int32_t init(lat_ctx* ctx, const lat_kv* const* options, uint32_t n_options, lat_err* err) {
  context = ctx;
  IF(crash_init) crash();
  IF(hang_init) hang();
  IF(exit_init) exit(0);
  IF(abort_init) abort();
  IF(init_fails) return refuse(err, LAT_NOT_FOUND, "cannot open the weights", "nowhere.safetensors");
  for (uint32_t i = 0; i < n_options; ++i) {
    IF(accepts_options) continue;
    IF(unnamed_option) return refuse(err, LAT_INVALID_ARGUMENT, "unknown option", "?");
    IF(option_status) return refuse(err, LAT_INTERNAL, "unknown option", options[i]->key);
    IF(crash_option) crash();
    return refuse(err, LAT_INVALID_ARGUMENT, "unknown option", options[i]->key);
  }
  IF(leak_cycle) leak(1u << 16);
  change_process();
  IF(reads_others) {
    const int file = open("/etc/passwd", O_RDONLY);
    if (file < 0) return refuse(err, LAT_PERMISSION_DENIED, "cannot read", "/etc/passwd");
    close(file);
  }
#ifdef __x86_64__
  IF(flush_to_zero) _mm_setcsr(_mm_getcsr() | 0x8040u);
  IF(rounding) _mm_setcsr((_mm_getcsr() & ~0x6000u) | 0x4000u);
#endif
#if CASE == CASE_static_tls || CASE == CASE_small_static_tls
  storage[0] = 1;
#endif
  return LAT_OK;
}

static int32_t shutdown(uint64_t deadline_ns, lat_err* err) {
  static int calls;
  (void)deadline_ns;
  IF(crash_shutdown) crash();
  IF(hang_shutdown) hang();
  IF(shutdown_fails) return refuse(err, LAT_UNAVAILABLE, "the device is", "gone");
  IF(shutdown_once) {
    if (++calls > 1) return refuse(err, LAT_FAILED_PRECONDITION, "shutdown was", "called before");
  }
  IF(renames_thread) pthread_setname_np(pthread_self(), "encoder");
  if (IS(leaves_thread) || IS(renames_thread)) start_thread(thread_forever, NULL);
  IF(leaves_named_thread) start_thread(thread_named, NULL);
  IF(calls_late) start_thread(thread_calls, NULL);
  memset(living, 0, sizeof living);
  return LAT_OK;
}

static int32_t encoder_count(uint32_t* count, lat_err* err) {
  (void)err;
  *count = 1;
  IF(no_encoders)* count = 0;
  return LAT_OK;
}

static int32_t encoder_info(uint32_t index, lat_encoder_info* info, lat_err* err) {
  static const int64_t shape[] = {-1, IS(zero_axis) ? 0 : 2};
  static const char* const columns[] = {"a", "b"};
  static const lat_input_info readings = {.struct_size = sizeof readings,
                                          .name = "readings",
                                          .kind = IS(unknown_kind) ? 99u : LAT_INPUT_TABLE,
                                          .dtype = IS(wrong_dtype) ? LAT_DTYPE_U8 : LAT_DTYPE_F32,
                                          .ndim = IS(wrong_rank) ? 3u : 2u,
                                          .shape = shape,
                                          .n_columns = 2,
                                          .columns = columns};
  static const lat_input_info* const inputs[] = {&readings};
  static const char long_space[] =
      "a token space of more than sixty-four bytes cannot be recorded by adapters";
  if (index != 0) return refuse(err, LAT_OUT_OF_RANGE, "no such encoder in", "corpus");
  IF(clears_info) memset(info, 0, info->struct_size), info->struct_size = sizeof *info;
  info->flags = LAT_ENCODER_DETERMINISTIC | (IS(race) || IS(create_hides) ? LAT_ENCODER_REENTRANT : 0u);
  IF(unnamed_flag) info->flags |= 1u << 17u;
  IF(uses_reserved) info->reserved[2] = 1;
  info->name = "corpus";
  info->modality = "table";
  info->token_space = IS(long_token_space) ? long_space : IS(no_token_space) ? "" : "corpus-1";
  info->token_width = IS(no_width) ? 0 : WIDTH;
  IF(info_changes) info->token_width += descriptions++ > 0;
  info->max_tokens = MAX_TOKENS;
  info->token_dtype = LAT_DTYPE_F32;
  info->n_inputs = 1;
  info->inputs = inputs;
  info->token_limit = IS(over_limit) ? 1.5 : 1000;
  return LAT_OK;
}

static int32_t create(uint32_t index, const lat_kv* const* options, uint32_t n_options, uint64_t* handle,
                      lat_err* err) {
  IF(crash_create) crash();
  IF(hang_create) hang();
  IF(leak_create) leak(1u << 20);
  if (index != 0) return refuse(err, LAT_OUT_OF_RANGE, "no such encoder in", "corpus");
  if (n_options != 0) return refuse(err, LAT_INVALID_ARGUMENT, "unknown option", options[0]->key);
  for (size_t i = 0; i < MAX_HANDLES; ++i) {
    if (living[i] != 0) continue;
    IF(create_hides) {
      hidden = 1;
      pause_ms(5);
      hidden = 0;
    }
    living[i] = IS(same_handle) ? 1 : ++last_handle;
    *handle = living[i];
    return LAT_OK;
  }
  return refuse(err, LAT_RESOURCE_EXHAUSTED, "too many encoders of", "corpus");
}

static int32_t destroy(uint64_t handle, lat_err* err) {
  IF(crash_destroy) crash();
  IF(hang_destroy) hang();
  IF(pointer_handle) * (volatile char*)(uintptr_t)(handle << 20u) = 0;
  uint64_t* const slot = find(handle);
  if (slot == NULL) return refuse(err, LAT_NOT_FOUND, "no such handle in", "corpus");
  *slot = 0;
  return LAT_OK;
}

static const float* numbers(const lat_tensor* tensor) {
  return (const float*)((const char*)tensor->dl.data + tensor->dl.byte_offset);
}

static int32_t plan(uint64_t handle, const lat_tensor* const* in, uint32_t n_in, lat_plan* out,
                    lat_err* err) {
  IF(crash_plan) crash();
  IF(hang_plan) hang();
  if (find(handle) == NULL) return refuse(err, LAT_NOT_FOUND, "no such handle in", "corpus");
  if (n_in != 1 || in[0]->dl.shape[0] < 1) return refuse(err, LAT_INVALID_ARGUMENT, "no rows in", "readings");
  if (IS(exact_size) && in[0]->struct_size != sizeof(lat_tensor))
    return refuse(err, LAT_INVALID_ARGUMENT, "another size of", "lat_tensor");
  const int64_t rows = in[0]->dl.shape[0];
  out->n_tokens = rows < (int64_t)MAX_TOKENS ? (uint32_t)rows : MAX_TOKENS;
  IF(plan_zero) out->n_tokens = 0;
  IF(plan_too_many) out->n_tokens = MAX_TOKENS + 1;
  IF(plan_workspace) out->workspace_bytes = (uint64_t)1 << 60u;
  IF(plan_content) out->n_tokens = 1 + ((uint32_t)(numbers(in[0])[0] * 1000) & 31u);
  IF(plan_tail) memset(out + 1, 0, 8);
  IF(plan_reserved) out->reserved[0] = 1;
  IF(plan_keeps) kept = (float*)in[0]->dl.data;
  return LAT_OK;
}

/* What encode does before its work. LAT_OK: go on. */
static int32_t misbehave(const lat_tensor* in, float* tokens, lat_encode* args, lat_err* err) {
  const int64_t rows = in->dl.shape[0];
  IF(crash_encode) crash();
  IF(hang_encode) hang();
  IF(abort_encode) abort();
  IF(exit_encode) _exit(0);
  IF(quick_exit) quick_exit(0);
  IF(stack_overflow) overflow(0);
  IF(kill_self) raise(SIGKILL);
  IF(kill_group) kill(0, SIGKILL);
  IF(stops_itself) raise(SIGSTOP);
  IF(ends_thread) pthread_exit(NULL);
  IF(traced) {
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGTRAP);
  }
  IF(unmaps_output) munmap((void*)((uintptr_t)tokens & ~(uintptr_t)4095), 4096);
  IF(scribbles) scribble();
  IF(floods) {
    static char chunk[4096]; /* without an end of line */
    memset(chunk, 'x', sizeof chunk);
    for (int i = 0; i < 1024; ++i) fwrite(chunk, 1, sizeof chunk, stderr);
  }
  IF(memory_bomb) {
    while (always) leak(1u << 28);
  }
  IF(encode_fails) return refuse(err, LAT_UNAVAILABLE, "no frame from", "the sensor");
  IF(no_status) return 77;
  IF(writes_input)((float*)in->dl.data)[0] = 0;
  IF(reads_beyond) sink = numbers(in)[rows * 2 + 64];
  IF(reads_before) sink = numbers(in)[-64];
  IF(keeps_output) {
    if (kept != NULL) kept[0] = 1;
    kept = tokens;
  }
  IF(keeps_args) {
    if (kept_args != NULL) sink = (float)kept_args->n_in;
    kept_args = args;
  }
  IF(late_thread) kept = tokens, start_thread(late_write, NULL);
  IF(plan_keeps) sink = kept[0];
  IF(leak_encode) leak(1u << 20);
  IF(leak_little) leak(40);
  IF(frees_all) use_all_sizes();
  IF(leak_pages) leaked = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  IF(foreign_exception) throw_foreign();
  IF(forks) {
    if (fork() < 0) return LAT_INTERNAL;
  }
  IF(late_handler) {
    if (++encodes == 2) signal(SIGCHLD, ignore_signal);
  }
  IF(cancel_blocks) {
    pthread_mutex_lock(&busy);
    pause_ms(900);
    pthread_mutex_unlock(&busy);
  }
  IF(create_hides) {
    pause_ms(1);
    if (hidden) return LAT_NOT_FOUND;
  }
  IF(looks_once) {
    if (lat_cancelled(args)) return LAT_CANCELLED;
    pause_ms(1500);
  }
  if (IS(ignores_cancel) || IS(ignores_deadline)) {
    for (int i = 0; i < 150; ++i) {
      if (!IS(ignores_cancel) && lat_cancelled(args)) return LAT_CANCELLED;
      if (!IS(ignores_deadline) && args->deadline_ns != 0 && host->now_ns(context) > args->deadline_ns)
        return LAT_DEADLINE_EXCEEDED;
      pause_ms(10);
    }
  }
  return LAT_OK;
}

static void write_row(const float* reading, float* token) {
  const float a = reading[0];
  const float b = reading[1];
  const float values[WIDTH] = {a, b, a + b, 1};
  memcpy(token, values, sizeof values);
}

/* What encode does to good tokens. */
static void spoil(const lat_tensor* in, float* tokens, int64_t n, lat_encode* args) {
  const float last = tokens[n * WIDTH - 1];
  IF(not_a_number) tokens[n * WIDTH - 1] = last * __builtin_nanf("");
  IF(infinite) tokens[0] = __builtin_inff();
  IF(denormal) tokens[0] = 1e-41f;
  IF(over_limit) tokens[0] = 2;
  IF(randomly) tokens[0] = (float)(host->now_ns(context) & 511u);
  IF(by_address) tokens[0] = (float)((uintptr_t)in->dl.data & 4095u);
  IF(by_history) tokens[0] = (float)(++encodes);
  IF(overrun) tokens[n * WIDTH] = 1;
  IF(far_overrun) tokens[n * WIDTH + 512] = 1;
  IF(underrun) tokens[-1] = 1;
  IF(too_many_tokens)* args->n_tokens = (uint32_t)n + 1;
  IF(no_tokens)* args->n_tokens = 0;
  IF(writes_shape) args->out[0]->dl.shape[0] = 1, args->out[0]->dl.shape[1] = 1 << 20;
  IF(uninitialised) {
    unsigned char* const fresh = malloc(1u << 14u);
    tokens[0] = (float)(*(volatile unsigned char*)(fresh + 8192) & 127);
    free(fresh);
  }
}

static int32_t encode(uint64_t handle, lat_encode* args, lat_err* err) {
  if (find(handle) == NULL) return refuse(err, LAT_NOT_FOUND, "no such handle in", "corpus");
  const lat_tensor* const in = args->in[0];
  float* const tokens = (float*)((char*)args->out[0]->dl.data + args->out[0]->dl.byte_offset);
  const int64_t n = args->out[0]->dl.shape[0];
  const int32_t status = misbehave(in, tokens, args, err);
  if (status != LAT_OK) return status;
  for (int64_t i = 0; i < n; ++i) {
    if (!IS(ignores_cancel) && lat_cancelled(args)) return LAT_CANCELLED;
    if (IS(unwritten) && i == n - 1) break;
    float* const row = IS(race) ? &scratch[i * WIDTH] : &tokens[i * WIDTH];
    const float before = tokens[i * WIDTH + 3] + 1;
    write_row(numbers(in) + 2 * i, row);
    IF(accumulates) tokens[i * WIDTH + 3] = before;
  }
  IF(race) {
    pause_ms(1);
    memcpy(tokens, scratch, (size_t)n * WIDTH * sizeof *tokens);
  }
  *args->n_tokens = (uint32_t)n;
  spoil(in, tokens, n, args);
  return LAT_OK;
}

static void cancel(uint64_t handle, uint64_t request) {
  (void)handle, (void)request;
  IF(cancel_blocks) {
    pthread_mutex_lock(&busy);
    pthread_mutex_unlock(&busy);
  }
  IF(cancel_crashes) crash();
}

static const void* get_capability(const char* id) {
  static const lat_token_output any = {sizeof any, 0, NULL};
  IF(claims_all) return strncmp(id, "lateral.token-", 14) == 0 && strstr(id, "/1") != NULL ? NULL : &any;
  IF(hollow_capability) return &any;
  return NULL;
}

/* ---- The library itself -------------------------------------------------------------------------------- */

__attribute__((constructor)) static void constructor(void) {
  IF(crash_constructor) crash();
  IF(hang_constructor) hang();
  IF(exit_constructor) exit(0);
  IF(slow_constructor) pause_ms(600);
  IF(fork_constructor) {
    if (fork() == 0) thread_forever(NULL);
  }
#ifdef __x86_64__
  IF(fast_math) _mm_setcsr(_mm_getcsr() | 0x8040u); /* what gcc < 13 links into libraries built with -Ofast */
#endif
}

__attribute__((destructor)) static void destructor(void) {
  IF(crash_destructor) crash();
  IF(hang_destructor) hang();
  IF(late_log) host->log(context, LAT_LOG_INFO, "bye", 3);
}

#if CASE == CASE_undefined_symbol
float nobody_has_this(void);
float use_it(void) {
  return nobody_has_this();
}
#endif

#if CASE == CASE_crash_resolver
static void nothing(void) {}
static void (*resolve(void))(void) {
  crash();
  return nothing;
}
static void resolved(void) __attribute__((ifunc("resolve"), used));
static void (*const volatile use_resolved)(void) __attribute__((used)) = resolved;
#endif

#define ID (IS(other_id) ? "somebody-else" : NOTE_ID)
#define BUILT (IS(newer_minor) || IS(needs_newer) ? 7u : LAT_ABI_MINOR)
#define REQUIRED (IS(needs_newer) ? 7u : 0u)
#define FLAGS (IS(declared_resident) ? LAT_PLUGIN_RESIDENT : 0u)

#if CASE == CASE_bad_id
#define NOTE_ID "Not An Id!"
#else
#define NOTE_ID CASE_ID
#endif
#if CASE != CASE_no_note
__attribute__((section(".note.lateral"), used, aligned(4))) static const lat_note note = {
    8u, 64u, 1u, "LATERAL", {IS(other_major) ? 2u : LAT_ABI_MAJOR, BUILT, REQUIRED, FLAGS, NOTE_ID, "1.0.0"}};
#endif

static const lat_plugin table = {
    .struct_size = IS(small_table)   ? 40u
                   : IS(zero_table)  ? 0u
                   : IS(huge_table)  ? 0x7fffffffu
                   : IS(newer_minor) ? (uint32_t)sizeof table + 64u
                                     : (uint32_t)sizeof table,
    .abi_minor_built = BUILT,
    .abi_minor_required = REQUIRED,
    .sanitizer = IS(other_sanitizer) ? LAT_SANITIZER ^ LAT_SANITIZER_THREAD : LAT_SANITIZER,
    .flags = FLAGS,
    .id = IS(null_id) ? NULL : ID,
    .version = "1.0.0",
    .init = init,
    .shutdown = shutdown,
    .encoder_count = encoder_count,
    .encoder_info = encoder_info,
    .create = create,
    .destroy = destroy,
    .plan = plan,
    .encode = IS(null_slot) ? NULL : encode,
    .cancel = cancel,
    .get_capability = get_capability};
/* Behind the table of a "newer" plugin lies what this host does not know. */
static const char later_fields[64] __attribute__((used)) = "later";

#if CASE == CASE_no_entry
LAT_EXPORT const lat_plugin* some_other_name(void) {
  return &table;
}
#elif CASE == CASE_only_v2
LAT_EXPORT const lat_plugin* lateral_plugin_entry_v2(void) {
  return &table;
}
#elif CASE == CASE_entry_is_data
LAT_EXPORT const lat_plugin* const data_entry __asm__("lateral_plugin_entry_v1") = &table;
#else
const lat_plugin* lateral_plugin_entry_v1(const lat_host* given) {
  host = given;
  IF(crash_entry) crash();
  IF(hang_entry) hang();
  IF(entry_refuses) return NULL;
  IF(exact_host) return given->abi_minor == 0 && given->struct_size == sizeof(lat_host) ? &table : NULL;
  IF(beyond_host) sink = (float)((const uint64_t*)(given + 1))[0];
  return &table;
}
#endif
