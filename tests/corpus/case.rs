//! One correct little plugin and two dozen that are not, in Rust: `case`, given by the build, says what is wrong with
//! this one. They are what authors do who trust in the language: it ends at the border, at threads and at statics.
//!
//! Row i of the table "readings" [rows, 2] gives the token (a, b, a + b, 1), as in case.c.
#![deny(unexpected_cfgs)] // a name that is not in the table does not compile
use lateral_abi::*;
use std::alloc::{alloc, dealloc, Layout};
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::ffi::{c_char, c_void, CStr};
use std::hint::black_box;
use std::mem::{forget, size_of};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr::{addr_of, null};
use std::slice::{from_raw_parts, from_raw_parts_mut};
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::Duration;

macro_rules! is {
    ($name:tt) => {
        cfg!(case = $name)
    };
}

const ID: &str = env!("CORPUS_CASE");
const WIDTH: usize = 4;
const MAX_TOKENS: u32 = 64;

struct Failure(i32, String);

fn failure<T>(code: i32, text: &str) -> Result<T, Failure> {
    Err(Failure(code, text.into()))
}

type Outcome = Result<(), Failure>;

// ---- What it remembers

struct Session {
    context: usize,
    living: BTreeSet<u64>,
    last_handle: u64,
}

static HOST: AtomicPtr<Host> = AtomicPtr::new(std::ptr::null_mut());
static SESSION: Mutex<Option<Session>> = Mutex::new(None);
static GATE: Mutex<()> = Mutex::new(());
static TABLES: OnceLock<Vec<u8>> = OnceLock::new(); // statics are never dropped
static KEPT: AtomicPtr<f32> = AtomicPtr::new(std::ptr::null_mut());

thread_local! {
    /// Has a destructor, which the C library runs when its thread ends.
    static ROOM: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

fn with_session<T>(body: impl FnOnce(&mut Session) -> Result<T, Failure>) -> Result<T, Failure> {
    match SESSION.lock().unwrap().as_mut() {
        Some(session) => body(session),
        None => failure(FAILED_PRECONDITION, "not initialised"),
    }
}

fn find(handle: u64) -> Result<usize, Failure> {
    with_session(|session| match session.living.contains(&handle) {
        true => Ok(session.context),
        false => failure(NOT_FOUND, "no such handle"),
    })
}

// ---- Ways to go wrong

fn run_for_ever() {
    ROOM.with_borrow_mut(|room| room.push(1.0));
    loop {
        thread::sleep(Duration::from_millis(1));
    }
}

fn recurse(depth: u64) -> u64 {
    let room = black_box([depth; 512]);
    recurse(depth + 1) + room[7]
}

fn free_twice() {
    let layout = Layout::new::<[u64; 8]>();
    unsafe {
        let memory = alloc(layout);
        dealloc(black_box(memory), layout);
        dealloc(black_box(memory), layout);
    }
}

/// What init does besides its work.
fn settle() {
    if is!("rust_panics_init") {
        panic!("no weights today");
    }
    if is!("rust_static_heap") {
        TABLES.get_or_init(|| vec![1; 1 << 16]);
    }
    if is!("rust_hook") {
        std::panic::set_hook(Box::new(|info| println!("corpus: {info}")));
    }
    if is!("rust_thread_runs") {
        thread::spawn(run_for_ever);
    }
    if is!("rust_thread_named") {
        thread::Builder::new().name("reader".into()).spawn(run_for_ever).unwrap();
    }
    if is!("rust_set_variable") {
        std::env::set_var("LATERAL_CORPUS", "1");
    }
    if is!("rust_set_folder") {
        std::env::set_current_dir("/").unwrap();
    }
    if is!("rust_socket") {
        forget(std::os::unix::net::UnixDatagram::unbound());
    }
    if is!("rust_child") {
        forget(std::process::Command::new("/bin/sleep").arg("60").spawn());
    }
}

/// What encode does before its work.
fn misbehave(input: &[f32], tokens: &mut [f32]) {
    if is!("rust_panics") || is!("rust_unwinds") || is!("rust_panic_abort") || is!("rust_panic_caught") {
        black_box(input)[input.len()..][0].to_bits(); // the index is out of bounds
    }
    if is!("rust_hook") {
        let _ = catch_unwind(|| panic!("a wheel fell off"));
    }
    if is!("rust_exits") {
        std::process::exit(0);
    }
    if is!("rust_aborts") {
        std::process::abort();
    }
    if is!("rust_deadlocks") {
        let _first = GATE.lock().unwrap();
        let _second = GATE.lock();
    }
    if is!("rust_recurses") {
        recurse(0);
    }
    if is!("rust_exhausts") {
        black_box(Vec::<u8>::with_capacity(1 << 44));
    }
    if is!("rust_frees_twice") {
        free_twice();
    }
    if is!("rust_leaks") {
        black_box(Box::leak(vec![1_u8; 1 << 20].into_boxed_slice()));
    }
    if is!("rust_keeps_output") {
        let kept = KEPT.swap(tokens.as_mut_ptr(), Ordering::Relaxed);
        if !kept.is_null() {
            unsafe { *kept = 7.0 };
        }
    }
    if is!("rust_keeps_input") {
        let kept = KEPT.swap(input.as_ptr().cast_mut(), Ordering::Relaxed);
        if !kept.is_null() {
            black_box(unsafe { *kept });
        }
    }
}

// ---- Encoding

/// Numbers of one row; `room` is where a thread works.
fn write_row(reading: &[f32], token: &mut [f32]) {
    let (a, b) = (reading[0], reading[1]);
    token.copy_from_slice(&[a, b, a + b, 1.0]);
}

/// The order of a hash table is another one in every table.
fn write_hashed(reading: &[f32], token: &mut [f32]) {
    let columns: HashMap<usize, f32> = (0..8).map(|i| (i, reading[i % 2] + i as f32)).collect();
    for (number, value) in token.iter_mut().zip(columns.values()) {
        *number = *value;
    }
}

struct Rows<'a> {
    readings: &'a [f32],
    tokens: *mut f32,
}

unsafe extern "C" fn write_one(row: u32, user: *mut c_void) {
    let rows = &*user.cast::<Rows>();
    let row = row as usize;
    ROOM.with_borrow_mut(|room| {
        room.resize(WIDTH, 0.0);
        write_row(&rows.readings[2 * row..], room);
        from_raw_parts_mut(rows.tokens.add(row * WIDTH), WIDTH).copy_from_slice(room);
    });
}

/// On threads of the host, which end before the library goes: a thread-local with a destructor is all right there.
unsafe fn write_in_parallel(context: usize, readings: &[f32], tokens: &mut [f32]) {
    let rows = Rows { readings, tokens: tokens.as_mut_ptr() };
    let host = &*HOST.load(Ordering::Relaxed);
    let n = (tokens.len() / WIDTH) as u32;
    (host.parallel_for)(context as *mut Context, n, write_one, addr_of!(rows).cast_mut().cast());
}

unsafe fn encode_rows(handle: u64, args: &Encode) -> Outcome {
    let context = find(handle)?;
    let (input, output) = (&**args.input, &**args.output);
    let n = *output.dl.shape as usize;
    let at = |tensor: &Tensor| tensor.dl.data.cast::<u8>().add(tensor.dl.byte_offset as usize).cast::<f32>();
    let readings = from_raw_parts(at(input), 2 * *input.dl.shape as usize);
    let tokens = from_raw_parts_mut(at(output), (n + is!("rust_overruns") as usize) * WIDTH);
    misbehave(readings, tokens);
    if is!("rust_thread_local") {
        write_in_parallel(context, readings, tokens);
    } else {
        let write = if is!("rust_hashes") { write_hashed } else { write_row };
        for (row, token) in readings.chunks_exact(2).zip(tokens.chunks_exact_mut(WIDTH).take(n)) {
            write(row, token);
        }
    }
    if is!("rust_overruns") {
        tokens.last_mut().map(|last| *last = 1.0);
    }
    if is!("rust_not_a_number") {
        tokens[0] = f32::NAN;
    }
    *args.n_tokens = n as u32 + is!("rust_lies") as u32;
    Ok(())
}

// ---- The table's functions

unsafe fn told(outcome: Outcome, err: *mut Err) -> i32 {
    let Err(Failure(code, text)) = outcome else { return OK };
    if let Some(err) = err.as_mut() {
        err.code = code;
        if !err.msg.is_null() && err.msg_cap > 0 {
            let length = text.len().min(err.msg_cap as usize - 1);
            std::ptr::copy_nonoverlapping(text.as_ptr(), err.msg.cast(), length);
            *err.msg.add(length) = 0;
        }
    }
    code
}

/// Most cases have nothing that keeps a panic in: it ends the process at `extern "C"`.
unsafe fn guard(err: *mut Err, body: impl FnOnce() -> Outcome) -> i32 {
    if is!("rust_panic_caught") || is!("rust_panic_abort") {
        let outcome = catch_unwind(AssertUnwindSafe(body));
        return told(outcome.unwrap_or_else(|_| failure(INTERNAL, "the plugin panicked")), err);
    }
    told(body(), err)
}

unsafe fn refuse_options(options: *const *const Kv, n: u32) -> Outcome {
    if n == 0 {
        return Ok(());
    }
    failure(INVALID_ARGUMENT, &format!("unknown option {:?}", CStr::from_ptr((**options).key)))
}

unsafe extern "C" fn init(context: *mut Context, options: *const *const Kv, n: u32, err: *mut Err) -> i32 {
    guard(err, || {
        refuse_options(options, n)?;
        settle();
        let context = context as usize;
        *SESSION.lock().unwrap() = Some(Session { context, living: BTreeSet::new(), last_handle: 0 });
        Ok(())
    })
}

unsafe extern "C" fn shutdown(_deadline_ns: u64, err: *mut Err) -> i32 {
    guard(err, || {
        *SESSION.lock().unwrap() = None;
        Ok(())
    })
}

unsafe extern "C" fn encoder_count(count: *mut u32, _err: *mut Err) -> i32 {
    *count = 1;
    OK
}

struct List<T>(T);
unsafe impl<T> Sync for List<T> {}
static SHAPE: List<[i64; 2]> = List([-1, 2]);
static COLUMNS: List<[*const c_char; 2]> = List([c"a".as_ptr(), c"b".as_ptr()]);
static INPUT: InputInfo = InputInfo {
    struct_size: size_of::<InputInfo>() as u32,
    flags: 0,
    name: c"readings".as_ptr(),
    kind: INPUT_TABLE,
    dtype: DTYPE_F32,
    ndim: 2,
    n_columns: 2,
    shape: &SHAPE.0 as *const i64,
    columns: &COLUMNS.0 as *const *const c_char,
    units: null(),
    rate_hz: 0.0,
};
static INPUTS: List<[*const InputInfo; 1]> = List([&INPUT]);

unsafe extern "C" fn encoder_info(index: u32, info: *mut EncoderInfo, err: *mut Err) -> i32 {
    guard(err, || {
        check_index(index)?;
        let info = &mut *info;
        info.flags = ENCODER_DETERMINISTIC;
        info.name = c"corpus".as_ptr();
        info.modality = c"table".as_ptr();
        info.token_space = c"corpus-1".as_ptr();
        info.token_width = WIDTH as u32;
        info.max_tokens = MAX_TOKENS;
        info.token_dtype = DTYPE_F32;
        info.n_inputs = 1;
        info.inputs = INPUTS.0.as_ptr();
        info.token_limit = 1000.0;
        Ok(())
    })
}

fn check_index(index: u32) -> Outcome {
    if index == 0 { Ok(()) } else { failure(OUT_OF_RANGE, "no such encoder") }
}

unsafe extern "C" fn create(index: u32, options: *const *const Kv, n: u32, handle: *mut u64, err: *mut Err) -> i32 {
    guard(err, || {
        check_index(index)?;
        refuse_options(options, n)?;
        with_session(|session| {
            session.last_handle += 1;
            session.living.insert(session.last_handle);
            *handle = session.last_handle;
            Ok(())
        })
    })
}

unsafe extern "C" fn destroy(handle: u64, err: *mut Err) -> i32 {
    guard(err, || {
        find(handle)?;
        with_session(|session| Ok(assert!(session.living.remove(&handle))))
    })
}

unsafe extern "C" fn plan(handle: u64, tensors: *const *const Tensor, n: u32, out: *mut Plan, err: *mut Err) -> i32 {
    guard(err, || {
        find(handle)?;
        if n != 1 || *(**tensors).dl.shape < 1 {
            return failure(INVALID_ARGUMENT, "no rows in \"readings\"");
        }
        (*out).n_tokens = (*(**tensors).dl.shape).min(MAX_TOKENS as i64) as u32;
        Ok(())
    })
}

unsafe extern "C" fn encode(handle: u64, args: *mut Encode, err: *mut Err) -> i32 {
    guard(err, || encode_rows(handle, &*args))
}

/// Lets a panic out, into a caller that is not Rust.
unsafe extern "C-unwind" fn encode_unwinding(handle: u64, args: *mut Encode, err: *mut Err) -> i32 {
    guard(err, || encode_rows(handle, &*args))
}

type Encoding = unsafe extern "C" fn(u64, *mut Encode, *mut Err) -> i32;
type Unwinding = unsafe extern "C-unwind" fn(u64, *mut Encode, *mut Err) -> i32;

// ---- The library itself

static TABLE: Plugin = Plugin {
    struct_size: size_of::<Plugin>() as u32,
    reserved0: 0,
    abi_minor_built: 0,
    abi_minor_required: 0,
    sanitizer: 0,
    flags: 0,
    id: concat!(env!("CORPUS_CASE"), "\0").as_ptr().cast(),
    version: c"1.0.0".as_ptr(),
    build_id: null(),
    init,
    shutdown,
    encoder_count,
    encoder_info,
    create,
    destroy,
    plan,
    encode: if is!("rust_unwinds") {
        unsafe { std::mem::transmute::<Unwinding, Encoding>(encode_unwinding) }
    } else {
        encode
    },
    cancel: None,
    get_capability: None,
};

#[used]
#[link_section = ".note.lateral"]
static NOTE: Note = Note {
    name_size: 8,
    desc_size: 64,
    kind: 1,
    name: *b"LATERAL\0",
    abi_major: 1,
    abi_minor_built: 0,
    abi_minor_required: 0,
    flags: 0,
    id: padded(ID),
    version: padded("1.0.0"),
};

#[no_mangle]
pub extern "C" fn lateral_plugin_entry_v1(host: *const Host) -> *const Plugin {
    HOST.store(host.cast_mut(), Ordering::Relaxed);
    &TABLE
}

/// Meant for a test, and visible to everybody.
#[cfg(case = "rust_exports")]
#[no_mangle]
pub extern "C" fn corpus_version() -> u32 {
    1
}
