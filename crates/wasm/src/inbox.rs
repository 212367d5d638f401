//! Where JavaScript writes what comes in.

use alloc::vec::Vec;
use core::ops::Range;

/// A buffer that grew beyond this for one large piece is given back after it.
const KEPT_CAPACITY: usize = 128 * 1024;
/// Bytes before a piece, for texts that came earlier: then they and the piece are one window.
const ROOM: usize = 4 * 1024;

/// A piece of the body, or a string, written by JavaScript into this memory behind some room.
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
        if self.bytes.len() < ROOM + length {
            self.bytes.resize(ROOM + length, 0);
        }
        self.bytes[ROOM..].as_ptr()
    }

    /// The first `length` bytes that were written.
    pub(crate) fn bytes(&self, length: usize) -> &[u8] {
        let written = self.bytes.get(ROOM..).unwrap_or_default();
        &written[..length.min(written.len())]
    }

    /// The room right before the bytes of a part, those bytes, and where they begin in [`all`](Self::all). There is room before the first
    /// byte alone.
    pub(crate) fn split(&mut self, part: Range<usize>) -> (&mut [u8], &[u8], usize) {
        let end = self.bytes.len().min(ROOM + part.end);
        let start = end.min(ROOM + part.start);
        let (room, bytes) = self.bytes[..end].split_at_mut(start);
        (if part.start == 0 { room } else { &mut [] }, bytes, start)
    }

    /// Room and bytes as they lie.
    pub(crate) fn all(&self) -> &[u8] {
        &self.bytes
    }

    #[cfg(feature = "streams")]
    /// The same as text. JavaScript's encoder writes nothing but UTF-8.
    pub(crate) fn text(&self, length: usize) -> &str {
        core::str::from_utf8(self.bytes(length)).unwrap_or_default()
    }

    #[cfg(test)]
    pub(crate) fn put(&mut self, piece: &[u8]) {
        self.reserve(piece.len());
        self.bytes[ROOM..][..piece.len()].copy_from_slice(piece);
    }
}
