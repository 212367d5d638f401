//! The output of a decoder: rows of numbers, and the window of text that they slice.

use alloc::vec;
use alloc::vec::Vec;
#[cfg(feature = "llm")]
use core::mem;

#[cfg(feature = "llm")]
use crate::abi::kind;
use crate::abi::{form, row};
use crate::buffer::{Buffer, Span, extend};
use crate::utf16::{code_units, is_ascii, write_utf16};
#[cfg(feature = "llm")]
use crate::vector::LENGTH;

const ROW: usize = row::ROW as usize;
const START: usize = row::START as usize;
const END: usize = row::END as usize;
/// Words of the smallest table.
const LEAST: usize = 16 * ROW;
/// Memory that grew beyond this for one large event is given back after it.
const KEPT: usize = 256 * 1024;
/// JavaScript decodes ASCII texts of at most this many characters itself.
const SHORT: usize = 12;

/// Rows of five words, each of which says one thing of a text in the window.
///
/// The window is the part of the buffer from the first text of a row to the last. While rows are added, offsets count bytes from its beginning.
#[derive(Debug)]
pub struct Table {
    /// The first `length` words are rows. This is not a vector of arrays, because the code that makes a zeroed one is several times as long.
    rows: Vec<u32>,
    length: usize,
    /// Where the window is in the buffer.
    window: Span,
    /// Each text lies after the one before it.
    is_ordered: bool,
    /// Whether the caller takes UTF-16 faster than UTF-8.
    pub(crate) is_wide: bool,
    /// The texts of the rows as UTF-16, the first `wide_length` bytes of it.
    wide: Vec<u8>,
    wide_length: usize,
    form: u32,
    reply: Reply,
}

/// The texts of an LLM's reply, which are not those of the body.
#[derive(Debug)]
struct Reply {
    /// Whether the rows refer to these texts and not to the body's.
    #[cfg(feature = "llm")]
    is_shown: bool,
    /// The texts, and the padding after them.
    #[cfg(feature = "llm")]
    bytes: Vec<u8>,
}

impl Reply {
    /// The bytes that contain the window.
    fn or<'a>(&'a self, buffer: &'a Buffer) -> &'a [u8] {
        #[cfg(feature = "llm")]
        if self.is_shown {
            return &self.bytes;
        }
        buffer.bytes()
    }
}

impl Table {
    pub(crate) const NEW: Self = Self {
        rows: Vec::new(),
        length: 0,
        window: Span { start: 0, end: 0 },
        is_ordered: true,
        is_wide: false,
        wide: Vec::new(),
        wide_length: 0,
        form: form::ASCII,
        reply: Reply {
            #[cfg(feature = "llm")]
            is_shown: false,
            #[cfg(feature = "llm")]
            bytes: Vec::new(),
        },
    };

    /// The rows, `[kind, a, b, start, end]` each.
    #[must_use]
    pub fn rows(&self) -> &[u32] {
        &self.rows[..self.length]
    }

    /// What the window holds; one of [`form`].
    #[must_use]
    pub const fn form(&self) -> u32 {
        self.form
    }

    /// The window where it is UTF-16, low byte first.
    #[must_use]
    pub fn wide(&self) -> &[u8] {
        &self.wide[..self.wide_length]
    }

    /// The window where it is not UTF-16.
    #[must_use]
    pub fn window<'a>(&'a self, buffer: &'a Buffer) -> &'a [u8] {
        &self.reply.or(buffer)[self.window.start..self.window.end]
    }

    pub(crate) fn begin(&mut self) {
        if self.rows.capacity() > KEPT / 4 {
            self.rows = Vec::new();
        }
        self.length = 0;
        self.window = Span::default();
        self.is_ordered = true;
        #[cfg(feature = "llm")]
        {
            self.reply.is_shown = false;
            if self.reply.bytes.capacity() > KEPT {
                self.reply.bytes = Vec::new();
            }
        }
    }

    /// Takes the number of the last row away.
    #[cfg(feature = "streams")]
    pub(crate) fn pop_number(&mut self) -> u64 {
        self.length -= ROW;
        u64::from(self.rows[self.length + 1]) | u64::from(self.rows[self.length + 2]) << 32
    }

    /// Moves all rows with their texts to the end of these, except for names and ids, which no delta has.
    #[cfg(feature = "llm")]
    pub(crate) fn append_to(&mut self, rows: &mut Vec<u32>, text: &mut Vec<u8>, buffer: &Buffer) {
        let window = buffer.text(self.window);
        for row in self.rows().as_chunks::<ROW>().0 {
            if matches!(row[0], kind::NAME | kind::ID) {
                continue;
            }
            let start = text.len() as u32;
            text.extend_from_slice(&window[row[START] as usize..row[END] as usize]);
            rows.extend_from_slice(&[row[0], row[1], row[2], start, text.len() as u32]);
        }
        self.length = 0;
        self.window = Span::default();
        self.is_ordered = true;
    }

    /// Takes these rows with the window of their texts, and gives its former memory for the next ones.
    #[cfg(feature = "llm")]
    pub(crate) fn take_over(&mut self, rows: &mut Vec<u32>, text: &mut Vec<u8>) {
        self.window = Span { start: 0, end: text.len() };
        text.extend_from_slice(&[0; LENGTH]);
        self.length = rows.len();
        mem::swap(&mut self.rows, rows);
        mem::swap(&mut self.reply.bytes, text);
        rows.clear();
        text.clear();
        self.reply.is_shown = true;
    }

    /// Adds a row whose text is in the buffer.
    #[inline(always)]
    pub(crate) fn push(&mut self, kind: u32, a: u32, b: u32, text: Span) {
        if text.start < self.window.end {
            self.widen(text);
        } else {
            if self.length == 0 {
                self.window.start = text.start;
            }
            self.window.end = text.end;
        }
        if self.length + ROW > self.rows.len() {
            self.grow();
        }
        let base = self.window.start;
        if let Some(row) = self.rows.get_mut(self.length..).and_then(<[u32]>::first_chunk_mut) {
            *row = [kind, a, b, (text.start - base) as u32, (text.end - base) as u32];
            self.length += ROW;
        }
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self) {
        let mut rows = vec![0; LEAST.max(2 * self.length)];
        rows[..self.length].copy_from_slice(&self.rows[..self.length]);
        self.rows = rows;
    }

    /// The same as a call.
    #[inline(never)]
    pub(crate) fn add(&mut self, kind: u32, number: u64, text: Span) {
        self.push(kind, number as u32, (number >> 32) as u32, text);
    }

    /// Adds a row with a number and without a text. `at` is where in the buffer it was found.
    pub(crate) fn add_number(&mut self, kind: u32, number: u64, at: usize) {
        // In order, and without more of the buffer in the window.
        let at = at.max(self.window.end);
        self.add(kind, number, Span { start: at, end: at });
    }

    /// Makes a text that lies before another one part of the window.
    #[cold]
    #[inline(never)]
    fn widen(&mut self, text: Span) {
        self.is_ordered = false;
        if let Some(shift @ 1..) = self.window.start.checked_sub(text.start) {
            self.window.start = text.start;
            for row in self.rows[..self.length].as_chunks_mut::<ROW>().0 {
                row[START] += shift as u32;
                row[END] += shift as u32;
            }
        }
        self.window.end = self.window.end.max(text.end);
    }

    /// Decides what the caller reads; no more rows follow.
    #[inline]
    pub(crate) fn finish(&mut self, buffer: &Buffer) {
        let may_be_utf8 = !self.is_wide && self.is_ordered;
        let (bytes, window) = (self.reply.or(buffer), self.window);
        if (!may_be_utf8 || window.length() <= SHORT) && is_ascii(bytes, window) {
            self.form = form::ASCII;
        } else if may_be_utf8 {
            self.form = form::UTF8;
        } else {
            self.write_wide(buffer);
        }
    }

    /// Turns offsets into code units where the window is [`form::UTF8`] but not ASCII. If it is broken, the texts come as UTF-16, with U+FFFD
    /// for what is broken.
    pub(crate) fn measure(&mut self, buffer: &Buffer, is_broken: bool) {
        if is_broken {
            return self.write_wide(buffer);
        }
        let (bytes, window) = (self.reply.or(buffer), self.window);
        let (mut at, mut units) = (window.start, 0);
        for row in self.rows[..self.length].as_chunks_mut::<ROW>().0 {
            for offset in &mut row[START..] {
                let to = window.start + *offset as usize;
                units += code_units(bytes, Span { start: at, end: to });
                at = to;
                *offset = units;
            }
        }
    }

    #[inline(never)]
    fn write_wide(&mut self, buffer: &Buffer) {
        self.form = form::UTF16;
        let (bytes, window) = (self.reply.or(buffer), self.window);
        // No character has more code units than bytes, and no two rows share a text.
        if self.wide.len() > KEPT {
            self.wide = Vec::new();
        }
        extend(&mut self.wide, 2 * window.length());
        let mut at = 0;
        for row in self.rows[..self.length].as_chunks_mut::<ROW>().0 {
            let base = window.start;
            let text = Span { start: base + row[START] as usize, end: base + row[END] as usize };
            row[START] = at as u32;
            at = write_utf16(bytes, text, &mut self.wide, at);
            row[END] = at as u32;
        }
        self.wide_length = 2 * at;
    }
}
