//! The C side of the plugin: handles, options, errors. No panic leaves a function of this file.

use crate::abi::{self, *};
use crate::{Encoder, DECLARED};
use std::collections::BTreeMap;
use std::ffi::{c_char, c_void, CStr};
use std::mem::size_of;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr::null;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

/// A status and its reason.
pub struct Failure(pub i32, pub String);
pub type Outcome = Result<(), Failure>;

/// An option as the host gives it.
#[derive(Clone, Debug)]
pub enum Value {
    Text(String),
    Integer(i64),
    Number(f64),
    Flag(bool),
    Other,
}
pub type Options = BTreeMap<String, Value>;

/// What one encode may ask of its host.
pub struct Request {
    cancel_word: *const u32,
    deadline_ns: u64,
    context: *mut Context,
}

impl Request {
    /// An error when the result is no longer wanted. Ask every few milliseconds of work.
    pub fn check(&self) -> Outcome {
        // The word is another thread's to write.
        let cancelled = unsafe { AtomicU32::from_ptr(self.cancel_word.cast_mut()) }.load(Ordering::Relaxed) != 0;
        if cancelled {
            return Err(Failure(CANCELLED, "stopped".into()));
        }
        let host = unsafe { &*HOST.load(Ordering::Relaxed) };
        if self.deadline_ns != 0 && unsafe { (host.now_ns)(self.context) } > self.deadline_ns {
            return Err(Failure(DEADLINE_EXCEEDED, "stopped".into()));
        }
        Ok(())
    }
}

/// Everything between init and shutdown.
struct Session {
    context: usize,
    options: Options,
    living: BTreeMap<u64, Arc<Encoder>>,
    last_handle: u64,
}

static HOST: AtomicPtr<Host> = AtomicPtr::new(std::ptr::null_mut());
static SESSION: Mutex<Option<Session>> = Mutex::new(None);

fn session() -> MutexGuard<'static, Option<Session>> {
    SESSION.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn with_session<T>(body: impl FnOnce(&mut Session) -> Result<T, Failure>) -> Result<T, Failure> {
    match session().as_mut() {
        Some(live) => body(live),
        None => Err(Failure(FAILED_PRECONDITION, "the plugin is not initialised".into())),
    }
}

fn find(handle: u64) -> Result<(Arc<Encoder>, usize), Failure> {
    with_session(|live| match live.living.get(&handle) {
        Some(encoder) => Ok((encoder.clone(), live.context)),
        None => Err(Failure(NOT_FOUND, format!("no encoder with handle {handle}"))),
    })
}

/// Writes a text into the host's buffer, cut to fit.
unsafe fn report(err: *mut abi::Err, Failure(code, text): Failure) -> i32 {
    if let Some(err) = err.as_mut() {
        err.code = code;
        if !err.msg.is_null() && err.msg_cap > 0 {
            let mut length = text.len().min(err.msg_cap as usize - 1);
            while !text.is_char_boundary(length) {
                length -= 1;
            }
            std::ptr::copy_nonoverlapping(text.as_ptr(), err.msg.cast(), length);
            *err.msg.add(length) = 0;
        }
    }
    code
}

/// Runs `body`; what it returns or panics with becomes a status.
unsafe fn guard(err: *mut abi::Err, body: impl FnOnce() -> Outcome) -> i32 {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => OK,
        Ok(Err(failure)) => report(err, failure),
        Err(_) => report(err, Failure(INTERNAL, "the plugin panicked".into())),
    }
}

unsafe fn text(pointer: *const c_char) -> String {
    CStr::from_ptr(pointer).to_string_lossy().into_owned()
}

unsafe fn read_options(pairs: *const *const Kv, count: u32) -> Options {
    let mut options = Options::new();
    for i in 0..count as usize {
        let pair = &**pairs.add(i);
        let value = match pair.kind {
            KV_STR => Value::Text(text(pair.str_)),
            KV_I64 => Value::Integer(pair.i64_),
            KV_F64 => Value::Number(pair.f64_),
            KV_BOOL => Value::Flag(pair.i64_ != 0),
            _ => Value::Other,
        };
        options.insert(text(pair.key), value);
    }
    options
}

fn check_index(index: u32) -> Outcome {
    if index == 0 { Ok(()) } else { Err(Failure(OUT_OF_RANGE, format!("no encoder {index}; there is 1"))) }
}

unsafe extern "C" fn init(context: *mut Context, options: *const *const Kv, n: u32, err: *mut abi::Err) -> i32 {
    guard(err, || {
        let options = read_options(options, n);
        Encoder::new(&options)?; // refuses what it does not know now, not at the first sample
        *session() = Some(Session { context: context as usize, options, living: BTreeMap::new(), last_handle: 0 });
        Ok(())
    })
}

unsafe extern "C" fn shutdown(_deadline_ns: u64, err: *mut abi::Err) -> i32 {
    guard(err, || {
        *session() = None;
        Ok(())
    })
}

unsafe extern "C" fn encoder_count(count: *mut u32, err: *mut abi::Err) -> i32 {
    guard(err, || {
        *count = 1;
        Ok(())
    })
}

struct Shape([i64; 2]);
struct Columns([*const c_char; 1]);
struct Inputs([*const InputInfo; 1]);
unsafe impl Sync for Columns {}
unsafe impl Sync for Inputs {}

static SHAPE: Shape = Shape([-1, 1]);
static COLUMNS: Columns = Columns([DECLARED.column.as_ptr()]);
static INPUT: InputInfo = InputInfo {
    struct_size: size_of::<InputInfo>() as u32,
    flags: 0,
    name: DECLARED.input.as_ptr(),
    kind: INPUT_TABLE,
    dtype: DTYPE_F32,
    ndim: 2,
    n_columns: 1,
    shape: &SHAPE.0 as *const i64,
    columns: &COLUMNS.0 as *const *const c_char,
    units: null(),
    rate_hz: 0.0,
};
static INPUTS: Inputs = Inputs([&INPUT]);

unsafe extern "C" fn encoder_info(index: u32, info: *mut EncoderInfo, err: *mut abi::Err) -> i32 {
    guard(err, || {
        check_index(index)?;
        let info = &mut *info; // field by field: a later host's struct is longer
        info.flags = ENCODER_DETERMINISTIC | ENCODER_REENTRANT;
        info.name = DECLARED.id.as_ptr();
        info.modality = DECLARED.modality.as_ptr();
        info.token_space = DECLARED.token_space.as_ptr();
        info.token_width = DECLARED.token_width;
        info.max_tokens = DECLARED.max_tokens;
        info.token_dtype = DTYPE_F32;
        info.n_inputs = 1;
        info.inputs = INPUTS.0.as_ptr();
        info.token_limit = DECLARED.token_limit;
        Ok(())
    })
}

unsafe extern "C" fn create(index: u32, options: *const *const Kv, n: u32, handle: *mut u64, err: *mut abi::Err) -> i32 {
    guard(err, || {
        check_index(index)?;
        let more = read_options(options, n);
        with_session(|live| {
            let mut all = live.options.clone();
            all.extend(more);
            let encoder = Encoder::new(&all)?;
            live.last_handle += 1;
            live.living.insert(live.last_handle, Arc::new(encoder));
            *handle = live.last_handle;
            Ok(())
        })
    })
}

unsafe extern "C" fn destroy(handle: u64, err: *mut abi::Err) -> i32 {
    guard(err, || {
        find(handle)?;
        with_session(|live| {
            live.living.remove(&handle);
            Ok(())
        })
    })
}

/// The numbers of the one input.
unsafe fn readings<'a>(tensors: *const *const Tensor, n: u32) -> Result<&'a [f32], Failure> {
    for i in 0..n as usize {
        let tensor = &**tensors.add(i);
        if !tensor.name.is_null() && CStr::from_ptr(tensor.name) == DECLARED.input {
            let rows = *tensor.dl.shape as usize;
            let data = tensor.dl.data.cast::<u8>().add(tensor.dl.byte_offset as usize).cast::<f32>();
            return Ok(std::slice::from_raw_parts(data, rows));
        }
    }
    Err(Failure(NOT_FOUND, format!("no input {:?}", DECLARED.input)))
}

unsafe extern "C" fn plan(handle: u64, tensors: *const *const Tensor, n: u32, out: *mut Plan, err: *mut abi::Err) -> i32 {
    guard(err, || {
        let (encoder, _) = find(handle)?;
        (*out).n_tokens = encoder.plan(readings(tensors, n)?.len())?;
        Ok(())
    })
}

unsafe extern "C" fn encode(handle: u64, args: *mut Encode, err: *mut abi::Err) -> i32 {
    guard(err, || {
        let (encoder, context) = find(handle)?;
        let args = &*args;
        let request =
            Request { cancel_word: args.cancel_word, deadline_ns: args.deadline_ns, context: context as *mut Context };
        let readings = readings(args.input, args.n_in)?;
        let output = &**args.output; // "tokens" is always first
        let planned = *output.dl.shape as usize;
        let data = output.dl.data.cast::<u8>().add(output.dl.byte_offset as usize).cast::<f32>();
        let tokens = std::slice::from_raw_parts_mut(data, planned * DECLARED.token_width as usize);
        *args.n_tokens = encoder.encode(readings, tokens, &request)?;
        Ok(())
    })
}

unsafe extern "C" fn get_capability(_id: *const c_char) -> *const c_void {
    null()
}

static TABLE: Plugin = Plugin {
    struct_size: size_of::<Plugin>() as u32,
    reserved0: 0,
    abi_minor_built: 0,
    abi_minor_required: 0,
    sanitizer: 0,
    flags: 0,
    id: DECLARED.id.as_ptr(),
    version: DECLARED.version.as_ptr(),
    build_id: null(),
    init,
    shutdown,
    encoder_count,
    encoder_info,
    create,
    destroy,
    plan,
    encode,
    cancel: None,
    get_capability: Some(get_capability),
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
    id: padded(crate::ID),
    version: padded(crate::VERSION),
};

/// The one exported symbol.
#[no_mangle]
pub extern "C" fn lateral_plugin_entry_v1(host: *const Host) -> *const Plugin {
    HOST.store(host.cast_mut(), Ordering::Relaxed);
    &TABLE
}
