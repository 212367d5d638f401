//! What goes out: rows of numbers, and the window of text that they cut.

use alloc::string::ToString;
use alloc::vec::Vec;

use tidewire_core::{Event, Frame, Utf8};

/// Words of a row.
const ROW: usize = 4;
/// Memory that grew beyond this for one large event is given back after it.
const KEPT_CAPACITY: usize = 256 * 1024;
const MESSAGE: &[u8] = b"message";

/// What a row is. `js/src/core.ts` has the same list.
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
    /// The same for a record beyond its limit.
    Skipped = 7,
    /// The id before a hole.
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
/// before it ended. The window is always UTF-8: what is broken on the wire stands there as U+FFFD, so JavaScript needs
/// no second look.
pub(crate) struct Table {
    rows: Vec<u32>,
    window: Vec<u8>,
    /// Length of the window in UTF-16 code units.
    units: u32,
    last_id: Vec<u8>,
    /// Where JavaScript takes UTF-16 faster than UTF-8, the window as that, unless it is all ASCII.
    wide: Option<Vec<u16>>,
    /// `[address of the rows, their number, address of the window, its bytes, its code units, address of the UTF-16 or 0]`.
    header: Vec<u32>,
}

impl Table {
    pub(crate) fn new() -> Self {
        Self {
            rows: Vec::new(),
            window: Vec::new(),
            units: 0,
            last_id: Vec::new(),
            wide: None,
            header: [0; HEADER].to_vec(),
        }
    }

    /// Where the header is.
    pub(crate) fn header(&self) -> *const u32 {
        self.header.as_ptr()
    }

    /// From now on the window comes as UTF-16 too.
    pub(crate) fn widen(&mut self) {
        self.wide.get_or_insert_default();
    }

    /// Begins with no rows; texts of earlier ones are gone.
    pub(crate) fn clear(&mut self) {
        if self.window.capacity() > KEPT_CAPACITY {
            self.window = Vec::new();
        }
        if self.rows.capacity() > KEPT_CAPACITY {
            self.rows = Vec::new();
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
        let is_ascii = self.units as usize == self.window.len();
        let wide = match &mut self.wide {
            Some(wide) if !is_ascii => {
                to_utf16(&self.window, self.units as usize, wide);
                address(wide.as_ptr())
            }
            _ => 0,
        };
        let words = [
            address(self.rows.as_ptr()),
            self.len() as u32,
            address(self.window.as_ptr()),
            self.window.len() as u32,
            self.units,
            wide,
        ];
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
                self.numbered(Kind::Skipped, error.offset, Utf8::new(error.to_string().as_bytes()));
            }
            _ => {}
        }
    }

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
        self.text(text);
        self.rows.extend_from_slice(&[kind as u32, number as u32, (number >> 32) as u32, self.units]);
    }

    /// Adds a text to the window.
    fn text(&mut self, text: Utf8<'_>) {
        let bytes = text.as_bytes();
        if bytes.is_ascii() {
            self.window.extend_from_slice(bytes);
            self.units += bytes.len() as u32;
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

/// UTF-8 that is known to be sound, and to have this many UTF-16 code units, as UTF-16.
fn to_utf16(text: &[u8], units: usize, wide: &mut Vec<u16>) {
    if wide.capacity() > KEPT_CAPACITY {
        *wide = Vec::new();
    }
    wide.clear();
    wide.reserve(units);
    let mut bytes = text.iter().map(|&byte| u32::from(byte));
    while let Some(first) = bytes.next() {
        let character = match first {
            0..0x80 => first,
            0x80..0xE0 => continued(first & 0x1F, bytes.next()),
            0xE0..0xF0 => {
                let bits = continued(first & 0x0F, bytes.next());
                continued(bits, bytes.next())
            }
            _ => {
                let bits = continued(first & 0x07, bytes.next());
                let bits = continued(bits, bytes.next());
                continued(bits, bytes.next())
            }
        };
        match character.checked_sub(0x1_0000) {
            None => wide.push(character as u16),
            Some(beyond) => wide.extend([0xD800 | (beyond >> 10) as u16, 0xDC00 | (beyond & 0x3FF) as u16]),
        }
    }
}

/// The bits so far, and those of the next byte of a character.
fn continued(bits: u32, next: Option<u32>) -> u32 {
    bits << 6 | next.unwrap_or(0) & 0x3F
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
            let mut wide = Vec::new();
            to_utf16(text.as_bytes(), want.len(), &mut wide);
            assert_eq!(wide, want, "{text}");
        }
    }
}
