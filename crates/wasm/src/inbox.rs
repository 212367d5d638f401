//! Where JavaScript writes what comes in.

use alloc::vec::Vec;

/// A buffer that grew beyond this for one large piece is given back after it.
const KEPT_CAPACITY: usize = 128 * 1024;

/// A piece of the body, or a string, written by JavaScript into this memory.
#[derive(Default)]
pub(crate) struct Inbox {
    bytes: Vec<u8>,
}

impl Inbox {
    /// The address of `length` bytes that may be written.
    pub(crate) fn reserve(&mut self, length: usize) -> *const u8 {
        if self.bytes.len() > KEPT_CAPACITY && length <= KEPT_CAPACITY {
            self.bytes = Vec::new();
        }
        if self.bytes.len() < length {
            self.bytes.resize(length, 0);
        }
        self.bytes.as_ptr()
    }

    /// The first `length` bytes that were written.
    pub(crate) fn bytes(&self, length: usize) -> &[u8] {
        &self.bytes[..length.min(self.bytes.len())]
    }

    #[cfg(feature = "streams")]
    /// The same as text. JavaScript's encoder writes nothing but UTF-8.
    pub(crate) fn text(&self, length: usize) -> &str {
        core::str::from_utf8(self.bytes(length)).unwrap_or_default()
    }
}
