//! The structs of `lateral/plugin.h`, ABI 1. Field by field the same; the sizes are checked below.
#![allow(dead_code)]

use std::ffi::{c_char, c_void};
use std::mem::size_of;

pub const OK: i32 = 0;
pub const CANCELLED: i32 = 1;
pub const INVALID_ARGUMENT: i32 = 3;
pub const DEADLINE_EXCEEDED: i32 = 4;
pub const NOT_FOUND: i32 = 5;
pub const FAILED_PRECONDITION: i32 = 9;
pub const OUT_OF_RANGE: i32 = 11;
pub const INTERNAL: i32 = 13;

pub const KV_STR: u32 = 1;
pub const KV_I64: u32 = 2;
pub const KV_F64: u32 = 3;
pub const KV_BOOL: u32 = 4;

pub const DTYPE_U8: u32 = 1 | 8 << 8 | 1 << 16;
pub const DTYPE_F32: u32 = 2 | 32 << 8 | 1 << 16;

pub const INPUT_IMAGE: u32 = 1;
pub const INPUT_POINTS: u32 = 2;
pub const INPUT_AUDIO: u32 = 3;
pub const INPUT_TABLE: u32 = 4;
pub const INPUT_TEXT: u32 = 5;
pub const INPUT_RAW: u32 = 6;

pub const ENCODER_REENTRANT: u32 = 1;
pub const ENCODER_DETERMINISTIC: u32 = 2;

#[repr(C)]
pub struct Err {
    pub struct_size: u32,
    pub reserved0: u32,
    pub code: i32,
    pub detail: i32,
    pub msg_cap: u64,
    pub msg: *mut c_char,
}

#[repr(C)]
pub struct Kv {
    pub struct_size: u32,
    pub kind: u32,
    pub key: *const c_char,
    pub i64_: i64,
    pub f64_: f64,
    pub str_: *const c_char,
    pub i64s: *const i64,
    pub bytes: *const u8,
    pub count: u64,
}

#[repr(C)]
pub struct DlTensor {
    pub data: *mut c_void,
    pub device_type: i32,
    pub device_id: i32,
    pub ndim: i32,
    pub dtype_code: u8,
    pub dtype_bits: u8,
    pub dtype_lanes: u16,
    pub shape: *mut i64,
    pub strides: *mut i64,
    pub byte_offset: u64,
}

#[repr(C)]
pub struct Tensor {
    pub struct_size: u32,
    pub flags: u32,
    pub dl: DlTensor,
    pub capacity_bytes: u64,
    pub t_ns: i64,
    pub name: *const c_char,
}

#[repr(C)]
pub struct InputInfo {
    pub struct_size: u32,
    pub flags: u32,
    pub name: *const c_char,
    pub kind: u32,
    pub dtype: u32,
    pub ndim: u32,
    pub n_columns: u32,
    pub shape: *const i64,
    pub columns: *const *const c_char,
    pub units: *const c_char,
    pub rate_hz: f64,
}

#[repr(C)]
pub struct EncoderInfo {
    pub struct_size: u32,
    pub flags: u32,
    pub name: *const c_char,
    pub modality: *const c_char,
    pub token_space: *const c_char,
    pub token_width: u32,
    pub max_tokens: u32,
    pub token_dtype: u32,
    pub n_inputs: u32,
    pub inputs: *const *const InputInfo,
    pub token_limit: f64,
    pub reserved: [u64; 4],
}

#[repr(C)]
pub struct Plan {
    pub struct_size: u32,
    pub reserved0: u32,
    pub n_tokens: u32,
    pub reserved1: u32,
    pub workspace_bytes: u64,
    pub reserved: [u64; 4],
}

#[repr(C)]
pub struct Encode {
    pub struct_size: u32,
    pub reserved0: u32,
    pub request: u64,
    pub input: *const *const Tensor,
    pub output: *const *mut Tensor,
    pub n_in: u32,
    pub n_out: u32,
    pub stream: *mut c_void,
    pub device_type: i32,
    pub device_id: i32,
    pub cancel_word: *const u32,
    pub deadline_ns: u64,
    pub workspace: *mut Tensor,
    pub n_tokens: *mut u32,
    pub reserved: [u64; 4],
}

/// The host's own; only handed back to it.
#[repr(C)]
pub struct Context {
    _private: [u8; 0],
}

#[repr(C)]
pub struct Host {
    pub struct_size: u32,
    pub abi_minor: u32,
    pub plugin_dir: *const c_char,
    pub log: unsafe extern "C" fn(*mut Context, u32, *const c_char, u64),
    pub now_ns: unsafe extern "C" fn(*mut Context) -> u64,
    pub parallel_for: unsafe extern "C" fn(*mut Context, u32, unsafe extern "C" fn(u32, *mut c_void), *mut c_void) -> i32,
    pub get_capability: unsafe extern "C" fn(*mut Context, *const c_char) -> *const c_void,
}

#[repr(C)]
pub struct Plugin {
    pub struct_size: u32,
    pub reserved0: u32,
    pub abi_minor_built: u32,
    pub abi_minor_required: u32,
    pub sanitizer: u32,
    pub flags: u32,
    pub id: *const c_char,
    pub version: *const c_char,
    pub build_id: *const c_char,
    pub init: unsafe extern "C" fn(*mut Context, *const *const Kv, u32, *mut Err) -> i32,
    pub shutdown: unsafe extern "C" fn(u64, *mut Err) -> i32,
    pub encoder_count: unsafe extern "C" fn(*mut u32, *mut Err) -> i32,
    pub encoder_info: unsafe extern "C" fn(u32, *mut EncoderInfo, *mut Err) -> i32,
    pub create: unsafe extern "C" fn(u32, *const *const Kv, u32, *mut u64, *mut Err) -> i32,
    pub destroy: unsafe extern "C" fn(u64, *mut Err) -> i32,
    pub plan: unsafe extern "C" fn(u64, *const *const Tensor, u32, *mut Plan, *mut Err) -> i32,
    pub encode: unsafe extern "C" fn(u64, *mut Encode, *mut Err) -> i32,
    pub cancel: Option<unsafe extern "C" fn(u64, u64)>,
    pub get_capability: Option<unsafe extern "C" fn(*const c_char) -> *const c_void>,
}

/// The ELF note: what a host knows of a plugin before it runs any of its code.
#[repr(C)]
pub struct Note {
    pub name_size: u32,
    pub desc_size: u32,
    pub kind: u32,
    pub name: [u8; 8],
    pub abi_major: u32,
    pub abi_minor_built: u32,
    pub abi_minor_required: u32,
    pub flags: u32,
    pub id: [u8; 32],
    pub version: [u8; 16],
}

/// `text`, padded with zeros.
pub const fn padded<const N: usize>(text: &str) -> [u8; N] {
    let bytes = text.as_bytes();
    assert!(bytes.len() < N, "too long for the ELF note");
    let mut result = [0; N];
    let mut i = 0;
    while i < bytes.len() {
        result[i] = bytes[i];
        i += 1;
    }
    result
}

// Tables of constants that are never written.
unsafe impl Sync for Plugin {}
unsafe impl Sync for InputInfo {}

const _: () = {
    assert!(size_of::<Err>() == 32);
    assert!(size_of::<Kv>() == 64);
    assert!(size_of::<DlTensor>() == 48);
    assert!(size_of::<Tensor>() == 80);
    assert!(size_of::<InputInfo>() == 64);
    assert!(size_of::<EncoderInfo>() == 96);
    assert!(size_of::<Plan>() == 56);
    assert!(size_of::<Encode>() == 120);
    assert!(size_of::<Host>() == 48);
    assert!(size_of::<Plugin>() == 128);
    assert!(size_of::<Note>() == 84);
};
