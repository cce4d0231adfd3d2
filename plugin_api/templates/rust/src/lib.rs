//! A table of readings in, one token a row out.

mod abi;
mod border;

use abi::INVALID_ARGUMENT;
use border::{Failure, Options, Request, Value};
use std::ffi::CStr;

pub const ID: &str = "@NAME@";
pub const VERSION: &str = "0.1.0";

/// What the encoder says about itself.
pub struct Declared {
    pub id: &'static CStr,
    pub version: &'static CStr,
    pub modality: &'static CStr,
    /// Change it whenever weights or preprocessing change what tokens mean.
    pub token_space: &'static CStr,
    pub token_width: u32,
    pub max_tokens: u32,
    /// No number of a token is larger in magnitude; 0 = not stated.
    pub token_limit: f64,
    pub input: &'static CStr,
    pub column: &'static CStr,
}

pub const DECLARED: Declared = Declared {
    id: c"@NAME@",
    version: c"0.1.0",
    modality: c"table",
    token_space: c"@NAME@-1",
    token_width: 16,
    max_tokens: 256,
    token_limit: 1.0,
    input: c"readings",
    column: c"value",
};

/// Number j of a row's token is sin(gain * reading * 2^(j/2)); a real encoder would put a network here.
pub struct Encoder {
    gain: f64,
}

impl Encoder {
    pub fn new(options: &Options) -> Result<Self, Failure> {
        let mut gain = 1.0;
        for (key, value) in options {
            match (key.as_str(), value) {
                ("gain", Value::Number(number)) => gain = *number,
                ("gain", Value::Integer(number)) => gain = *number as f64,
                ("gain", _) => return Err(Failure(INVALID_ARGUMENT, "option \"gain\" must be a number".into())),
                _ => return Err(Failure(INVALID_ARGUMENT, format!("unknown option \"{key}\"; known: gain"))),
            }
        }
        Ok(Encoder { gain })
    }

    /// An upper bound of the tokens for so many rows.
    pub fn plan(&self, rows: usize) -> Result<u32, Failure> {
        if rows == 0 {
            return Err(Failure(INVALID_ARGUMENT, "no rows in \"readings\"".into()));
        }
        Ok((rows as u32).min(DECLARED.max_tokens))
    }

    /// Fills the planned tokens and returns how many of them are real.
    pub fn encode(&self, readings: &[f32], tokens: &mut [f32], request: &Request) -> Result<u32, Failure> {
        let width = DECLARED.token_width as usize;
        for (token, reading) in tokens.chunks_exact_mut(width).zip(readings) {
            request.check()?;
            for (j, number) in token.iter_mut().enumerate() {
                *number = (self.gain * f64::from(*reading) * (j as f64 / 2.0).exp2()).sin() as f32;
            }
        }
        Ok((tokens.len() / width) as u32)
    }
}
