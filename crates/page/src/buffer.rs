//! The one buffer: `[unfinished | new]`, and after it the texts that had to be set aside.

use alloc::vec;
use alloc::vec::Vec;

use crate::line::{BOM, begins_with, line_end};

/// Bytes that always follow the last one received: two line ends that a body may lack, and the bytes that a vector load reads past them, of which
/// the first is a line end that stops every search.
const PADDING: usize = 2 + 16;
/// A buffer that grew beyond this for one large event shrinks after it.
const KEPT: usize = 256 * 1024;

/// A part of the buffer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The offset of the first byte.
    pub start: usize,
    /// The offset after the last byte.
    pub end: usize,
}

impl Span {
    /// How many bytes it has.
    #[must_use]
    pub const fn length(self) -> usize {
        self.end - self.start
    }
}

/// Bytes received earlier whose line or character is unfinished, and the newest bytes.
///
/// ```text
/// [ held │ the unfinished line │ new bytes ] padding [ texts set aside ] free
///        start                             filled
/// ```
#[derive(Debug)]
pub struct Buffer {
    bytes: Vec<u8>,
    /// Where the unfinished line or character begins. What lies before it is held by the decoder, or no longer needed.
    pub(crate) start: usize,
    /// The end of the bytes received.
    pub(crate) filled: usize,
    /// The offset in the body of the byte at 0, if it had stayed where it was; from `start` on the bytes lie as in the body. It wraps.
    origin: u64,
    /// The end of the texts set aside; 0 if there are none.
    aside: usize,
}

/// Makes a text at least `size` bytes long.
#[inline(never)]
pub(crate) fn extend(text: &mut Vec<u8>, size: usize) {
    let old = text.len();
    if size > old {
        // Not `resize`: its code for growing in place would be of no use, since the allocator never grows a block.
        let mut longer = vec![0; size];
        longer[..old].copy_from_slice(text);
        *text = longer;
    }
}

impl Buffer {
    pub(crate) const NEW: Self = Self { bytes: Vec::new(), start: 0, filled: 0, origin: 0, aside: 0 };

    /// How many bytes may be written at [`inbox`](Self::inbox). None if the buffer is to shrink first.
    #[must_use]
    pub fn room(&self) -> usize {
        if self.is_too_large() {
            return 0;
        }
        self.bytes.len().saturating_sub(self.filled + PADDING)
    }

    /// Where the next piece goes.
    #[must_use]
    pub fn inbox(&mut self) -> &mut [u8] {
        self.bytes.get_mut(self.filled..).unwrap_or_default()
    }

    /// The bytes of a part.
    #[inline]
    #[must_use]
    pub fn text(&self, span: Span) -> &[u8] {
        &self.bytes[span.start..span.end]
    }

    /// The whole buffer, including the part that is not filled yet.
    #[inline(always)]
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Makes room for `length` more bytes. Moves `held`, which lies before the unfinished line, and that line to the front.
    pub(crate) fn reserve(&mut self, length: usize, held: Option<&mut Span>) {
        let mut front = 0;
        if let Some(held) = held {
            front = held.length();
            // Not if it is there already: a large event in small pieces would be copied for each of them.
            if held.start > 0 {
                self.bytes.copy_within(held.start..held.end, 0);
                *held = Span { start: 0, end: front };
            }
        }
        let shift = self.start - front;
        if shift > 0 {
            self.bytes.copy_within(self.start..self.filled, front);
            self.start = front;
            self.filled -= shift;
            self.origin = self.origin.wrapping_add(shift as u64);
        }
        // Doubles while one event grows, so that each of its bytes is moved about once.
        let size = (self.filled + length + PADDING).next_power_of_two();
        if self.is_too_large() {
            self.bytes = Vec::new();
        }
        extend(&mut self.bytes, size);
    }

    /// Takes in the `length` bytes that were written at [`inbox`](Self::inbox). Returns where they begin.
    #[inline]
    pub(crate) fn take_in(&mut self, length: usize) -> usize {
        let from = self.filled;
        self.aside = 0;
        self.filled += length;
        self.stop();
        from
    }

    /// Adds a line feed that the body lacks. Returns where it is.
    pub(crate) fn add_line_feed(&mut self) -> usize {
        let at = self.filled;
        self.filled += 1;
        self.stop();
        at
    }

    /// Puts a line end after the bytes received.
    fn stop(&mut self) {
        self.bytes[self.filled] = b'\n';
    }

    /// Drops a BOM, which counts only as the first bytes of the body, whole. False if what has arrived may be the beginning of one.
    pub(crate) fn drop_bom(&mut self) -> bool {
        if self.start > 0 || self.origin > 0 || !begins_with(&self.bytes[..self.filled], BOM) {
            return true;
        }
        let is_whole = self.filled >= BOM.len();
        if is_whole {
            self.start = BOM.len();
        }
        is_whole || self.filled == 0
    }

    /// How many bytes of the body lay before the one that is at the front now.
    pub(crate) const fn gone(&self) -> usize {
        self.origin as usize
    }

    /// Where the first line end from `from` on is; [`filled`](Self::filled) or beyond if there is none yet.
    #[inline(always)]
    pub(crate) fn line_end(&self, from: usize) -> usize {
        line_end(&self.bytes, from)
    }

    /// The offset in the body of the unfinished line or character.
    #[inline]
    pub(crate) fn offset(&self) -> u64 {
        self.origin.wrapping_add(self.start as u64)
    }

    /// The offset in the body of a byte from `start` on.
    #[cfg(feature = "formats")]
    pub(crate) fn offset_of(&self, at: usize) -> u64 {
        self.origin.wrapping_add(at as u64)
    }

    /// Drops all but `length` bytes from `start` on. From here on only the bytes to come lie as in the body.
    #[cfg(feature = "formats")]
    pub(crate) fn cut(&mut self, length: usize) {
        let end = self.start + length;
        self.origin = self.origin.wrapping_add((self.filled - end) as u64);
        self.filled = end;
    }

    /// Makes the byte at `at` a line feed, and moves a text to directly after it. Returns where it then ends.
    #[inline]
    pub(crate) fn join(&mut self, at: usize, text: Span) -> usize {
        self.bytes[at] = b'\n';
        self.bytes.copy_within(text.start..text.end, at + 1);
        at + 1 + text.length()
    }

    /// Where a text of this length can be put so that nothing will overwrite it before the next piece.
    fn aside(&mut self, length: usize) -> Span {
        let start = self.aside.max(self.filled + PADDING);
        let end = start + length;
        extend(&mut self.bytes, end + PADDING);
        self.aside = end;
        Span { start, end }
    }

    /// Copies a text there.
    #[inline(never)]
    pub(crate) fn put_aside(&mut self, text: &[u8]) -> Span {
        let to = self.aside(text.len());
        self.bytes[to.start..to.end].copy_from_slice(text);
        to
    }

    /// The same for a text that lies here.
    pub(crate) fn move_aside(&mut self, text: Span) -> Span {
        let to = self.aside(text.length());
        self.bytes.copy_within(text.start..text.end, to.start);
        to
    }

    /// Begins at the front again. Nothing may be unfinished; what is there stays readable until the next piece.
    #[inline]
    pub(crate) fn restart(&mut self) {
        self.origin = self.origin.wrapping_add(self.filled as u64);
        self.start = 0;
        self.filled = 0;
    }

    /// Begins with another body.
    #[cfg(feature = "streams")]
    pub(crate) fn begin(&mut self) {
        (self.start, self.filled, self.origin) = (0, 0, 0);
    }

    /// Whether it grew for a large event, of which nothing is left.
    fn is_too_large(&self) -> bool {
        self.filled == 0 && self.bytes.len() > KEPT
    }

    /// Whether nothing was ever reserved.
    pub(crate) fn is_unused(&self) -> bool {
        self.bytes.is_empty()
    }
}
