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
pub(crate) const HEADER: usize = 5;

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
    /// `[address of the rows, their number, address of the window, its bytes, its code units]`.
    header: Vec<u32>,
}

impl Table {
    pub(crate) fn new() -> Self {
        Self {
            rows: Vec::new(),
            window: Vec::new(),
            units: 0,
            last_id: Vec::new(),
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
        let words = [
            address(self.rows.as_ptr()),
            self.len() as u32,
            address(self.window.as_ptr()),
            self.window.len() as u32,
            self.units,
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
            assert_eq!(code_units(text.as_bytes()) as usize, text.encode_utf16().count(), "{text}");
        }
    }
}
