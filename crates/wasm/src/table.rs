//! What goes out: rows of numbers, and the window of text that they cut.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use tidewire_core::{Event, Frame, Utf8};

/// Words of a row.
const ROW: usize = 4;
/// Memory that grew beyond this for one large event is given back after it.
const KEPT_CAPACITY: usize = 256 * 1024;
const MESSAGE: &[u8] = b"message";

/// What a row is; `reply.rs` has more of them. `js/src/items.ts` has the same list.
#[derive(Clone, Copy)]
enum Kind {
    /// Type, id and data end where the words say.
    Event = 0,
    /// Its index in two words; the JSON text.
    Record = 1,
    /// A piece of text.
    Text = 2,
    /// A comment.
    Comment = 3,
    /// Milliseconds in two words.
    Retry = 4,
    /// `[DONE]` in the place of a record.
    Done = 5,
    /// The offset in two words; what is wrong.
    BadRecord = 6,
    /// The offset of a record beyond its limit.
    Skipped = 7,
    /// The id before a hole.
    #[cfg(feature = "streams")]
    Gap = 8,
}

/// The event names its type; it is `message` otherwise.
const NAMED: u32 = 1 << 8;
/// The last event id is another than that of the row before; it is the same otherwise.
const NEW_ID: u32 = 1 << 9;

/// Words of the header, at an address that does not move.
pub(crate) const HEADER: usize = 6;

/// Rows of four words, and the texts that they speak of, one behind the other.
///
/// A row is `[kind and flags, a, b, end]`. Offsets count UTF-16 code units, as JavaScript's strings do: a text begins where the one
/// before it ended. What is broken on the wire stands in the window as U+FFFD, so JavaScript needs no second look.
pub(crate) struct Table {
    rows: Vec<u32>,
    /// The window as UTF-8.
    window: Vec<u8>,
    /// Where JavaScript takes UTF-16 faster, the window as that from its first text on that is not ASCII.
    wide: Option<Vec<u16>>,
    /// Length of the window in UTF-16 code units.
    units: u32,
    last_id: Vec<u8>,
    /// `[address of the rows, their number, address of the window, its bytes, its code units, whether it is UTF-16]`.
    header: Vec<u32>,
}

impl Table {
    /// With `wide` the window comes as UTF-16 too.
    pub(crate) fn new(wide: bool) -> Self {
        Self {
            rows: Vec::new(),
            window: Vec::new(),
            units: 0,
            last_id: Vec::new(),
            wide: wide.then(Vec::new),
            header: [0; HEADER].to_vec(),
        }
    }

    /// Where the header is.
    pub(crate) fn header(&self) -> *const u32 {
        self.header.as_ptr()
    }

    /// Begins with no rows; texts of earlier ones are gone.
    pub(crate) fn clear(&mut self) {
        if self.window.capacity() > KEPT_CAPACITY {
            self.window = Vec::new();
        }
        if self.rows.capacity() > KEPT_CAPACITY {
            self.rows = Vec::new();
        }
        if let Some(wide) = &mut self.wide {
            if wide.capacity() > KEPT_CAPACITY {
                *wide = Vec::new();
            }
            wide.clear();
        }
        self.rows.clear();
        self.window.clear();
        self.units = 0;
    }

    /// How many rows there are.
    pub(crate) const fn len(&self) -> usize {
        self.rows.len() / ROW
    }

    /// Writes the header, for JavaScript to read.
    pub(crate) fn publish(&mut self) {
        let (window, length, is_wide) = match &self.wide {
            Some(wide) if !wide.is_empty() => (address(wide.as_ptr()), 2 * wide.len(), 1),
            _ => (address(self.window.as_ptr()), self.window.len(), 0),
        };
        let rows = address(self.rows.as_ptr());
        let words = [rows, self.len() as u32, window, length as u32, self.units, is_wide];
        self.header.copy_from_slice(&words);
    }

    /// Adds the row of a frame.
    pub(crate) fn push(&mut self, frame: &Frame<'_>) {
        match frame {
            Frame::Event(event) => self.event(event),
            Frame::Record(record) => self.numbered(Kind::Record, record.index, record.json),
            Frame::Text(text) => self.numbered(Kind::Text, 0, Utf8::new(text.as_bytes())),
            Frame::Comment(comment) => self.numbered(Kind::Comment, 0, *comment),
            Frame::Retry(wait) => {
                let ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
                self.numbered(Kind::Retry, ms, Utf8::default());
            }
            Frame::Done => self.numbered(Kind::Done, 0, Utf8::default()),
            Frame::BadRecord(bad) => {
                self.numbered(Kind::BadRecord, bad.offset, Utf8::new(bad.problem.as_bytes()));
            }
            Frame::Skipped(error) => {
                self.numbered(Kind::Skipped, error.offset, Utf8::default());
            }
            _ => {}
        }
    }

    #[cfg(feature = "streams")]
    /// Adds a row that says that ordered ids left some out behind this one.
    pub(crate) fn push_gap(&mut self, after: &str) {
        self.numbered(Kind::Gap, 0, Utf8::new(after.as_bytes()));
    }

    /// One text alone, without a row.
    pub(crate) fn only(&mut self, text: &[u8]) {
        self.clear();
        self.text(Utf8::new(text));
        self.publish();
    }

    fn event(&mut self, event: &Event<'_>) {
        let mut kind = Kind::Event as u32;
        if event.event.as_bytes() != MESSAGE {
            kind |= NAMED;
            self.text(event.event);
        }
        let type_end = self.units;
        if event.id.as_bytes() != self.last_id {
            kind |= NEW_ID;
            self.last_id.clear();
            self.last_id.extend_from_slice(event.id.as_bytes());
            self.text(event.id);
        }
        let id_end = self.units;
        self.text(event.data);
        self.rows.extend_from_slice(&[kind, type_end, id_end, self.units]);
    }

    fn numbered(&mut self, kind: Kind, number: u64, text: Utf8<'_>) {
        self.row(kind as u32, number as u32, (number >> 32) as u32, text);
    }

    /// Adds a row of two numbers and a text.
    pub(crate) fn row(&mut self, kind: u32, a: u32, b: u32, text: Utf8<'_>) {
        self.text(text);
        self.rows.extend_from_slice(&[kind, a, b, self.units]);
    }

    /// Adds a text to the window.
    #[inline]
    fn text(&mut self, text: Utf8<'_>) {
        let bytes = text.as_bytes();
        if self.is_wide() || !bytes.is_ascii() {
            return self.text_beyond_ascii(text);
        }
        self.window.extend_from_slice(bytes);
        self.units += bytes.len() as u32;
    }

    /// Whether the window is UTF-16 by now.
    #[inline]
    fn is_wide(&self) -> bool {
        self.wide.as_ref().is_some_and(|wide| !wide.is_empty())
    }

    #[inline(never)]
    fn text_beyond_ascii(&mut self, text: Utf8<'_>) {
        if let Some(wide) = &mut self.wide {
            if wide.is_empty() {
                wide.extend(self.window.iter().map(|&byte| u16::from(byte)));
            }
            let start = wide.len();
            let mut sound = Cow::Borrowed(text.as_bytes());
            while !push_utf16(&sound, wide) {
                wide.truncate(start);
                sound = Cow::Owned(text.to_str().into_owned().into_bytes());
            }
            self.units = wide.len() as u32;
        } else {
            let text = text.to_str();
            self.window.extend_from_slice(text.as_bytes());
            self.units += code_units(text.as_bytes());
        }
    }
}

/// UTF-16 code units of UTF-8: one for each first byte of a character, and one more for those of four bytes.
fn code_units(text: &[u8]) -> u32 {
    text.iter().map(|&byte| u32::from(byte as i8 >= -0x40) + u32::from(byte >= 0xF0)).sum()
}

/// Adds UTF-8 as UTF-16, checked and written in one pass; false where it is broken.
fn push_utf16(mut text: &[u8], wide: &mut Vec<u16>) -> bool {
    let mut end = wide.len();
    // No character has more code units than bytes.
    wide.resize(end + text.len(), 0);
    let tail = |byte: u8| u32::from(byte & 0x3F);
    let is_sound = loop {
        let (character, length) = match *text {
            [] => break true,
            [a @ 0..0x80, ..] => (u32::from(a), 1),
            [a @ 0xE0..0xF0, b @ 0x80..0xC0, c @ 0x80..0xC0, ..] => {
                let character = u32::from(a & 0x0F) << 12 | tail(b) << 6 | tail(c);
                if character < 0x800 || character >> 11 == 0x1B {
                    break false;
                }
                (character, 3)
            }
            [a @ 0xC2..0xE0, b @ 0x80..0xC0, ..] => (u32::from(a & 0x1F) << 6 | tail(b), 2),
            [a @ 0xF0..0xF5, b @ 0x80..0xC0, c @ 0x80..0xC0, d @ 0x80..0xC0, ..] => {
                let character = u32::from(a & 0x07) << 18 | tail(b) << 12 | tail(c) << 6 | tail(d);
                let Some(beyond @ 0..0x10_0000) = character.checked_sub(0x1_0000) else { break false };
                wide[end] = 0xD800 | (beyond >> 10) as u16;
                end += 1;
                (0xDC00 | beyond & 0x3FF, 4)
            }
            _ => break false,
        };
        wide[end] = character as u16;
        end += 1;
        text = &text[length..];
    };
    wide.truncate(end);
    is_sound
}

/// An address in this memory, which has 32 bits where it matters.
pub(crate) fn address<T>(pointer: *const T) -> u32 {
    pointer as usize as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_units_are_those_of_utf_16() {
        for text in ["", "a", "ä", "世界", "😀", "a\u{FFFD}😀ä世\u{10FFFF}\u{7FF}\u{800}\u{FFFF}"] {
            let want: Vec<u16> = text.encode_utf16().collect();
            assert_eq!(code_units(text.as_bytes()) as usize, want.len(), "{text}");
            let mut wide = [7].to_vec();
            assert!(push_utf16(text.as_bytes(), &mut wide));
            assert_eq!(wide[1..], want, "{text}");
        }
    }

    #[test]
    fn broken_text_is_seen() {
        // Every two bytes and every three from the borders of the ranges, against the standard library.
        let borders = [
            0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED,
            0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
        ];
        for a in borders {
            for b in borders {
                for c in borders {
                    for d in borders {
                        let text = [a, b, c, d];
                        for text in [&text[..], &text[..3], &text[..2], &text[..1]] {
                            assert_eq!(
                                push_utf16(text, &mut Vec::new()),
                                core::str::from_utf8(text).is_ok(),
                                "{text:x?}"
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_window_is_one_text_in_either_form() {
        for wide in [false, true] {
            let mut table = Table::new(wide);
            for text in [&b"ab"[..], "世".as_bytes(), b"c", b"\xF0\x9F", b""] {
                table.numbered(Kind::Comment, 0, Utf8::new(text));
            }
            table.publish();
            let ends: Vec<u32> = table.rows.chunks(ROW).map(|row| row[3]).collect();
            assert_eq!(ends, [2, 3, 4, 5, 5]);
            assert_eq!(table.header[5], u32::from(wide));
            let text = if wide {
                String::from_utf16(table.wide.as_deref().unwrap()).unwrap()
            } else {
                String::from_utf8(table.window.clone()).unwrap()
            };
            assert_eq!(text, "ab世c\u{FFFD}");
            table.clear();
            table.numbered(Kind::Comment, 0, Utf8::new(b"z"));
            table.publish();
            assert_eq!(table.header[3..], [1, 1, 0]);
        }
    }
}
