//! The JSON formats over the one buffer: rows are spans of it, and nothing is copied.
//!
//! Records and error offsets are the same as in `tidewire_core::json`, whose decoders serve native code and borrow from the caller's slices. Only
//! the scanner is shared.

mod lines;
mod values;

use tidewire_core::json::{Remains, Scanner};

use crate::abi::{format, kind};
use crate::buffer::{Buffer, Span};
use crate::listener::Listener;
use crate::table::Table;

/// The end marker of OpenAI-shaped streams, in place of a record.
const DONE: &[u8] = b"[DONE]";
/// The problem with anything after a value where only one is allowed.
const MORE: &str = "more after the value";

/// A decoder of one JSON format.
///
/// The unfinished record begins at the buffer's [`start`](Buffer::start). What is skipped and what lies between records is not held.
#[derive(Debug)]
pub(crate) struct Json {
    format: u32,
    max_event_bytes: usize,
    skip_oversized: bool,
    accept_done: bool,
    place: Place,
    scanner: Scanner,
    /// How many bytes of the unfinished record have been looked at.
    looked: usize,
    /// How many bytes the text of the unfinished line has, without the white space after it.
    text: usize,
    /// The offset of that line's first byte in the body.
    line: u64,
    /// The index of the next record.
    index: u64,
}

/// The position of the body within its format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// At the very start, where a byte order mark may be.
    Start,
    /// Before the first separator, before the `[`, between values, or in a blank line.
    Before,
    /// After a separator or the `[`.
    Begun,
    /// In a value, or in a line's text.
    Value,
    /// In one that outgrew the limit.
    Skipping,
    /// After a value of a sequence, such as a number, that is whole only if white space follows.
    Scalar,
    /// After a value.
    After,
    /// After a `,`.
    Next,
    /// After the `]`.
    Closed,
    /// In the rest of a record or a line that was already reported.
    Lost,
}

/// What was found.
enum Found {
    Record(Span),
    Done,
    /// The byte at this offset cannot stand there.
    Bad(u64, &'static str),
    /// A record outgrew the limit at this offset.
    TooLarge(u64),
}

/// Why decoding cannot go on: the kind of a row, its number, and its text.
pub(crate) type Failure = (u32, u64, &'static str);

impl Json {
    /// A decoder at the start of a body.
    pub(crate) const fn new(
        format: u32,
        max_event_bytes: usize,
        skip_oversized: bool,
        accept_done: bool,
    ) -> Self {
        Self {
            format,
            max_event_bytes,
            skip_oversized,
            accept_done: accept_done && format != format::JSON_ARRAY,
            place: Place::Start,
            scanner: Scanner::new(),
            looked: 0,
            text: 0,
            line: 0,
            index: 0,
        }
    }

    /// Decodes what the buffer has, or with `is_last` also what the body's clean end completes.
    pub(crate) fn decode(
        &mut self,
        is_last: bool,
        buffer: &mut Buffer,
        table: &mut Table,
        listener: &mut impl Listener,
    ) -> Result<(), Failure> {
        if self.place == Place::Start {
            // RFC 7464 has no byte order mark.
            let has_mark = self.format != format::JSON_SEQ;
            if has_mark && (buffer.filled == 0 || !buffer.drop_bom()) && !is_last {
                return Ok(());
            }
            self.place = Place::Before;
        }
        while let Some(found) = self.next(is_last, buffer) {
            let is_over = match found {
                Found::Record(json) => {
                    self.index += 1;
                    listener.record(self.index - 1, json, buffer, table)
                }
                Found::Done => listener.done(table),
                Found::Bad(offset, problem) => {
                    let text = buffer.put_aside(problem.as_bytes());
                    table.add(kind::BAD_RECORD, offset, text);
                    if self.format >= format::JSON_ARRAY {
                        // Nothing shows where the next record begins.
                        return Err((kind::BAD_RECORD, offset, problem));
                    }
                    false
                }
                Found::TooLarge(offset) if self.skip_oversized => {
                    let text = buffer.put_aside(b"");
                    table.add(kind::SKIPPED, offset, text);
                    false
                }
                Found::TooLarge(offset) => return Err((kind::SKIPPED, offset, "")),
            };
            if is_over {
                buffer.start = buffer.filled;
                break;
            }
        }
        if buffer.start == buffer.filled {
            buffer.restart();
        }
        Ok(())
    }

    fn next(&mut self, is_last: bool, buffer: &mut Buffer) -> Option<Found> {
        match self.format {
            format::NDJSON => self.line(is_last, buffer),
            _ => self.value(is_last, buffer),
        }
    }

    /// Whether the body is inside a record; asked after its end, whether it ended there.
    pub(crate) fn inside_record(&self) -> bool {
        let is_partial = self.scanner.remains() == Remains::Partial;
        match (self.format, self.place) {
            (_, Place::Start | Place::Before | Place::Closed | Place::Lost) => false,
            (format::JSON_ARRAY, _) => true,
            (format::JSON_SEQ, place) => place != Place::After,
            (format::NDJSON, Place::Value) => true,
            // What may be the end marker has not been scanned.
            (_, Place::Value) => is_partial || self.looked == 0,
            _ => is_partial,
        }
    }

    /// Skips white space before a record. False if nothing else is there.
    fn skip_white(buffer: &mut Buffer) -> bool {
        while buffer.start < buffer.filled {
            if !matches!(buffer.bytes()[buffer.start], b' ' | b'\t' | b'\n' | b'\r') {
                return true;
            }
            buffer.start += 1;
        }
        false
    }
}
