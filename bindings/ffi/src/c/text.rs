//! Texts and bytes that cross the boundary.

use std::ffi::{CStr, c_char, c_void};
use std::mem::MaybeUninit;
use std::ptr;
use std::slice;
use std::str::Utf8Error;

use super::status::{call, clear, required, tidewire_error, tidewire_status};
use crate::decode::compact_json;
use crate::error::NativeError;
use crate::settings::Header;

/// A text that belongs to the library: UTF-8, not ended by a NUL. How long it stays valid is said where it is returned.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tidewire_text {
    /// NULL if there is no text, which is something else than an empty one.
    pub bytes: *const c_char,
    pub length: usize,
}

impl tidewire_text {
    pub(super) const NONE: Self = Self { bytes: ptr::null(), length: 0 };

    pub(super) fn of_bytes(bytes: &[u8]) -> Self {
        Self { bytes: bytes.as_ptr().cast(), length: bytes.len() }
    }

    pub(super) fn of(text: &str) -> Self {
        Self::of_bytes(text.as_bytes())
    }

    pub(super) fn of_optional(text: Option<&str>) -> Self {
        text.map_or(Self::NONE, Self::of)
    }
}

/// A header. Its texts stay valid as long as what they are a part of.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tidewire_header {
    pub name: tidewire_text,
    pub value: tidewire_text,
}

impl tidewire_header {
    /// They point into `headers`.
    pub(super) fn all(headers: &[Header]) -> Vec<Self> {
        let header = |header: &Header| Self {
            name: tidewire_text::of(&header.name),
            value: tidewire_text::of(&header.value),
        };
        headers.iter().map(header).collect()
    }
}

/// A text that belongs to the caller, who frees it with tidewire_string_free. UTF-8, and ended by a NUL that its length does not count.
#[repr(C)]
#[derive(Debug)]
pub struct tidewire_string {
    /// NULL if there is none.
    pub bytes: *mut c_char,
    pub length: usize,
}

/// Gives a text to the caller. `None` is TIDEWIRE_NOTHING.
pub(super) fn give(
    text: Option<String>,
    out: Option<&mut MaybeUninit<tidewire_string>>,
) -> Result<tidewire_status, NativeError> {
    let out = required(out, "string")?;
    clear(out);
    let Some(text) = text else { return Ok(tidewire_status::TIDEWIRE_NOTHING) };
    let length = text.len();
    let mut bytes = text.into_bytes();
    bytes.push(0);
    let bytes = Box::into_raw(bytes.into_boxed_slice()).cast();
    out.write(tidewire_string { bytes, length });
    Ok(tidewire_status::TIDEWIRE_OK)
}

/// Frees a text and empties the struct, so that freeing it twice does nothing. NULL is allowed.
///
/// The struct is as a call of this library has filled it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tidewire_string_free(string: Option<&mut tidewire_string>) {
    let Some(string) = string else { return };
    if !string.bytes.is_null() {
        let bytes = ptr::slice_from_raw_parts_mut(string.bytes.cast::<u8>(), string.length + 1);
        // SAFETY: `give` made the pointer from a box of one byte more than `length`, and it is taken out of the struct here.
        drop(unsafe { Box::from_raw(bytes) });
    }
    *string = tidewire_string { bytes: ptr::null_mut(), length: 0 };
}

/// Writes JSON text without white space between its tokens, as `tidewire decode` prints records. Numbers and texts stay as they are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tidewire_compact_json(
    json: *const c_char,
    length: usize,
    string: Option<&mut MaybeUninit<tidewire_string>>,
    error: Option<&mut MaybeUninit<tidewire_error>>,
) -> tidewire_status {
    call(error, || {
        // SAFETY: C passes NULL, or as many bytes as it says.
        let bytes = unsafe { bytes(json.cast(), length, "json") }?;
        let json = str::from_utf8(bytes).map_err(|error| not_utf8("json", error))?;
        give(Some(compact_json(json)), string)
    })
}

/// The text of an argument that is ended by a NUL.
///
/// # Safety
/// The pointer is NULL, or a text that is ended by a NUL and stays as it is while the result is used.
pub(super) unsafe fn argument<'a>(text: *const c_char, name: &str) -> Result<&'a str, NativeError> {
    if text.is_null() {
        return Err(NativeError::usage(format!("{name} is NULL")));
    }
    // SAFETY: it is not NULL, so it is a text that is ended by a NUL.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().map_err(|error| not_utf8(name, error))
}

/// The bytes of an argument. NULL is allowed if there are none.
///
/// # Safety
/// The pointer is NULL, or so many bytes that stay as they are while the result is used.
pub(super) unsafe fn bytes<'a>(
    bytes: *const c_void,
    length: usize,
    name: &str,
) -> Result<&'a [u8], NativeError> {
    match (bytes.is_null(), length) {
        (_, 0) => Ok(&[]),
        (true, _) => Err(NativeError::usage(format!("{name} is NULL"))),
        // More is not possible in Rust, nor in the address space of any program.
        (false, length) if isize::try_from(length).is_err() => {
            Err(NativeError::usage(format!("the length of {name} is impossible")))
        }
        // SAFETY: it is not NULL, so there are so many bytes.
        (false, length) => Ok(unsafe { slice::from_raw_parts(bytes.cast(), length) }),
    }
}

fn not_utf8(name: &str, error: Utf8Error) -> NativeError {
    NativeError::usage(format!("{name} is not UTF-8: {error}"))
}
