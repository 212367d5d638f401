//! One line of server-sent events: where it ends, and what it is.

use crate::buffer::Span;
use crate::vector::{LENGTH, PER_BYTE, vector};

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Blank,
    Comment,
    Data,
    Event,
    Id,
    Retry,
    Ignored,
}

/// The bytes of a name as the beginning of a line has them in a word.
const fn word(name: &[u8]) -> u64 {
    let mut word = 0;
    let mut at = name.len();
    while at > 0 {
        at -= 1;
        word = word << 8 | name[at] as u64;
    }
    word
}

pub(crate) const BOM: &[u8] = b"\xEF\xBB\xBF";
const DATA: u64 = word(b"data");

/// What the line is that begins at `start`, and where its value starts. Field names are exact, a line without colon is a field without value,
/// and one space after the colon is dropped (WHATWG HTML, 9.2.6).
///
/// The line must be followed by a line end, also where it is unfinished: no name reaches beyond that, so the line's length is not needed.
#[inline(always)]
pub(crate) fn read_line(bytes: &[u8], start: usize) -> (Line, usize) {
    let eight = eight(bytes, start);
    let (says, length) = match eight {
        _ if eight as u32 == DATA as u32 => (Line::Data, 4),
        _ if eight as u16 == const { word(b"id") as u16 } => (Line::Id, 2),
        _ if eight << 24 == const { word(b"event") << 24 } => (Line::Event, 5),
        _ if eight << 24 == const { word(b"retry") << 24 } => (Line::Retry, 5),
        _ if eight as u8 == b':' => (Line::Comment, 0),
        _ => (Line::Ignored, 0),
    };
    let rest = eight >> (8 * length);
    let value = start + length as usize;
    match rest as u8 {
        b':' => (says, value + 1 + usize::from((rest >> 8) as u8 == b' ')),
        b'\n' | b'\r' if length == 0 => (Line::Blank, value),
        b'\n' | b'\r' => (says, value),
        _ => (Line::Ignored, value),
    }
}

/// The eight bytes at `at` as a word; the caller knows that they exist.
#[inline(always)]
fn eight(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |eight| u64::from_le_bytes(*eight))
}

/// Whether a text is `message`.
pub(crate) fn is_message(bytes: &[u8], text: Span) -> bool {
    text.length() == 7 && eight(bytes, text.start) << 8 == const { word(b"message") << 8 }
}

/// Whether a text begins with a name or is a beginning of it.
pub(crate) fn begins_with(text: &[u8], name: &[u8]) -> bool {
    let length = text.len().min(name.len());
    text[..length] == name[..length]
}

/// Where the first line feed or carriage return from `from` on is; there is one, with a vector's length of bytes from `from` on, or the result
/// is the length.
#[inline(always)]
pub(crate) fn line_end(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(vector) = vector(bytes, at) {
        let ends = vector.line_ends();
        if ends != 0 {
            return at + (ends.trailing_zeros() / PER_BYTE) as usize;
        }
        at += LENGTH;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_several_line_ends_is_found() {
        for first in 0..40 {
            for end in [b'\n', b'\r'] {
                let mut bytes = [b'\x0B'; 64];
                bytes[first] = end;
                bytes[first + 1] = b'\n';
                bytes[first + 2] = b'\x0C';
                assert_eq!(line_end(&bytes, 0), first);
                assert_eq!(line_end(&bytes, first), first);
            }
        }
    }
}
