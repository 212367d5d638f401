//! What calls come to.

use std::ffi::{c_char, c_int};
use std::mem::{self, MaybeUninit};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::slice;

use crate::error::NativeError;

/// The result of a call.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tidewire_status {
    /// It was carried out.
    TIDEWIRE_OK = 0,
    /// The next event is there.
    TIDEWIRE_EVENT = 1,
    /// The stream is over; no event follows.
    TIDEWIRE_END = 2,
    /// The time passed before an event arrived.
    TIDEWIRE_TIMEOUT = 3,
    /// tidewire_interrupt was called.
    TIDEWIRE_INTERRUPTED = 4,
    /// There is nothing of what was asked for, or not yet.
    TIDEWIRE_NOTHING = 5,
    /// It could not be carried out.
    TIDEWIRE_ERROR = 6,
}

/// How a stream ended, or why a call could not be carried out.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tidewire_code {
    /// Not known yet.
    TIDEWIRE_CODE_NONE = 0,
    /// Success: the stream's own end marker arrived.
    TIDEWIRE_CODE_COMPLETE = 1,
    /// Success: the body ended cleanly, and no marker was expected.
    TIDEWIRE_CODE_ENDED = 2,
    /// The body ended too early, and could not be resumed.
    TIDEWIRE_CODE_TRUNCATED = 3,
    /// The peer reported an error inside the stream.
    TIDEWIRE_CODE_FAILED = 4,
    /// The status or the content type is not acceptable.
    TIDEWIRE_CODE_REFUSED = 5,
    /// A time limit passed.
    TIDEWIRE_CODE_TIMED_OUT = 6,
    /// Transport errors used up the attempts before any record arrived.
    TIDEWIRE_CODE_UNREACHABLE = 7,
    /// A record exceeded its limit, or the body could not be decoded.
    TIDEWIRE_CODE_UNREADABLE = 8,
    /// The caller stopped it.
    TIDEWIRE_CODE_CANCELLED = 9,
    /// The caller's mistake: an option, a URL, a header, or a call at the wrong time. Nothing was sent.
    TIDEWIRE_CODE_USAGE = 10,
    /// A defect of this library.
    TIDEWIRE_CODE_INTERNAL = 11,
}

use tidewire_code::*;

/// The codes with their names.
const CODES: [(tidewire_code, &std::ffi::CStr); 12] = [
    (TIDEWIRE_CODE_NONE, c"none"),
    (TIDEWIRE_CODE_COMPLETE, c"complete"),
    (TIDEWIRE_CODE_ENDED, c"ended"),
    (TIDEWIRE_CODE_TRUNCATED, c"truncated"),
    (TIDEWIRE_CODE_FAILED, c"failed"),
    (TIDEWIRE_CODE_REFUSED, c"refused"),
    (TIDEWIRE_CODE_TIMED_OUT, c"timed_out"),
    (TIDEWIRE_CODE_UNREACHABLE, c"unreachable"),
    (TIDEWIRE_CODE_UNREADABLE, c"unreadable"),
    (TIDEWIRE_CODE_CANCELLED, c"cancelled"),
    (TIDEWIRE_CODE_USAGE, c"usage"),
    (TIDEWIRE_CODE_INTERNAL, c"internal"),
];

impl tidewire_code {
    pub(super) fn of(name: &str) -> Self {
        let found = CODES.iter().find(|(_, known)| known.to_bytes() == name.as_bytes());
        found.map_or(TIDEWIRE_CODE_NONE, |(code, _)| *code)
    }
}

/// The name of a tidewire_code: "complete", "timed_out" and so on; "none" for anything else. It lives as long as the program.
#[unsafe(no_mangle)]
pub extern "C" fn tidewire_code_name(code: c_int) -> *const c_char {
    let found = CODES.iter().find(|(known, _)| *known as c_int == code);
    found.map_or(c"none", |(_, name)| name).as_ptr()
}

/// The bytes of an error's message, with its NUL.
pub const TIDEWIRE_MESSAGE_BYTES: usize = 512;

/// Why a call could not be carried out. It is written only if the call returns TIDEWIRE_ERROR.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tidewire_error {
    /// TIDEWIRE_CODE_USAGE or TIDEWIRE_CODE_INTERNAL.
    pub code: tidewire_code,
    /// What is wrong, for people: UTF-8, ended by a NUL, shortened if it is very long.
    pub message: [c_char; TIDEWIRE_MESSAGE_BYTES],
}

impl tidewire_error {
    fn of(error: &NativeError) -> Self {
        let code = match error {
            NativeError::Usage { .. } => TIDEWIRE_CODE_USAGE,
            NativeError::Internal { .. } => TIDEWIRE_CODE_INTERNAL,
        };
        let text = error.to_string();
        let cut = (0..TIDEWIRE_MESSAGE_BYTES)
            .rev()
            .find(|at| text.is_char_boundary(*at))
            .unwrap_or(0)
            .min(text.len());
        let mut message = [0; TIDEWIRE_MESSAGE_BYTES];
        for (to, from) in message.iter_mut().zip(&text.as_bytes()[..cut]) {
            *to = *from as c_char;
        }
        Self { code, message }
    }
}

/// Carries out a call. A panic ends here.
pub(super) fn call(
    error: Option<&mut MaybeUninit<tidewire_error>>,
    body: impl FnOnce() -> Result<tidewire_status, NativeError>,
) -> tidewire_status {
    let result = catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        // Dropping it could panic again.
        mem::forget(panic);
        Err(NativeError::internal("the library has a defect: it panicked"))
    });
    match result {
        Ok(status) => status,
        Err(problem) => {
            if let Some(error) = error {
                error.write(tidewire_error::of(&problem));
            }
            tidewire_status::TIDEWIRE_ERROR
        }
    }
}

/// Drops what C gives back. A panic ends here.
pub(super) fn free<T>(object: Option<Box<T>>) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(object))) {
        mem::forget(panic);
    }
}

/// An argument that must not be NULL.
pub(super) fn required<T>(argument: Option<T>, name: &str) -> Result<T, NativeError> {
    argument.ok_or_else(|| NativeError::usage(format!("{name} is NULL")))
}

/// Zeroes where a result goes, so that a caller who does not look at the status finds no stale pointer.
pub(super) fn clear<T>(out: &mut MaybeUninit<T>) {
    // SAFETY: the bytes are those of `out`, which is borrowed mutably, and any byte may be written to a `MaybeUninit`.
    unsafe { slice::from_raw_parts_mut(out.as_mut_ptr().cast::<MaybeUninit<u8>>(), size_of::<T>()) }
        .fill(MaybeUninit::new(0));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(error: &tidewire_error) -> String {
        let bytes = error.message.iter().take_while(|byte| **byte != 0).map(|byte| *byte as u8);
        String::from_utf8(bytes.collect()).expect("UTF-8")
    }

    #[test]
    fn a_panic_is_a_typed_error() {
        let mut error = MaybeUninit::uninit();
        let status = call(Some(&mut error), || panic!("a defect"));
        assert_eq!(status, tidewire_status::TIDEWIRE_ERROR);
        // SAFETY: it was written with the status.
        let error = unsafe { error.assume_init() };
        assert_eq!(error.code, TIDEWIRE_CODE_INTERNAL);
        assert!(text(&error).contains("it panicked"));
        assert_eq!(call(None, || panic!("a defect")), tidewire_status::TIDEWIRE_ERROR);
    }

    #[test]
    fn long_messages_are_cut_between_characters() {
        for (length, want) in [(0, 0), (255, 510), (256, 510), (9999, 510)] {
            let error = tidewire_error::of(&NativeError::usage("é".repeat(length)));
            assert_eq!(text(&error).len(), want);
        }
    }

    #[test]
    fn codes_have_the_names_of_the_outcomes() {
        for (code, name) in CODES {
            assert_eq!(tidewire_code::of(name.to_str().expect("ASCII")), code);
            assert_eq!(tidewire_code_name(code as c_int), name.as_ptr());
        }
        assert_eq!(tidewire_code_name(-1), CODES[0].1.as_ptr());
    }
}
