//! Text as it arrives: UTF-8 by the WHATWG Encoding standard's "UTF-8 decode", never half a character.

use crate::buffer::{Buffer, Span};
use crate::listener::Listener;
use crate::table::Table;
use crate::utf16::whole_characters;

/// A decoder of text bodies: each piece is one row.
///
/// What cannot be shown yet stays unfinished in the buffer: the beginning of a character, and what may be the closing marker of the body, until
/// it is known not to be, because other text follows, or more white space than may be held.
#[derive(Debug)]
pub struct Text {
    /// What is held is a whole marker, perhaps with white space after it.
    is_whole: bool,
}

impl Text {
    pub(crate) const NEW: Self = Self { is_whole: false };

    /// Takes what the buffer has, of which the bytes from `from` on are new; with `is_last` the rest too. Returns whether the body ends inside a
    /// character, or would if it ended here.
    pub(crate) fn decode(
        &mut self,
        from: usize,
        is_last: bool,
        most: usize,
        buffer: &mut Buffer,
        table: &mut Table,
        listener: &mut impl Listener,
    ) -> bool {
        let start = buffer.start;
        if listener.may_end()
            && self.is_whole
            && !is_last
            && buffer.filled - start <= most
            && trimmed_length(&buffer.bytes()[from..buffer.filled]) == 0
        {
            // Only white space after the marker: nothing has to be looked at again.
            return false;
        }
        let mut end = start + whole_characters(buffer.text(Span { start, end: buffer.filled }));
        let is_inside = end < buffer.filled;
        let text = &buffer.bytes()[start..end];
        let held;
        if is_inside && is_last {
            // The rest reads as U+FFFD.
            self.is_whole = false;
            held = buffer.filled;
            end = held;
        } else {
            let (shown, is_whole) = listener.hold(text, most);
            held = start + shown;
            self.is_whole = is_whole && end == buffer.filled;
        }
        let shown = Span { start, end: if is_last && !self.is_whole { end } else { held } };
        if shown.length() > 0 {
            listener.text(shown, buffer, table);
        }
        buffer.start = shown.end;
        if is_last && self.is_whole {
            let length = trimmed_length(buffer.text(Span { start: held, end }));
            listener.last_text(Span { start: held, end: held + length }, buffer, table);
            buffer.start = end;
        }
        if buffer.start == buffer.filled {
            buffer.restart();
        }
        is_inside
    }
}

/// The length of the text without the white space at its end; what is white is as in JSON (RFC 8259, section 2).
#[inline(never)]
pub(crate) fn trimmed_length(mut text: &[u8]) -> usize {
    while let [rest @ .., last] = text
        && is_white(*last)
    {
        text = rest;
    }
    text.len()
}

pub(crate) const fn is_white(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}
