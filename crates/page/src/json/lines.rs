//! NDJSON: a record is a line.

use tidewire_core::json::{Remains, Scan, Scanner};

use super::{DONE, Found, Json, MORE, Place};
use crate::buffer::{Buffer, Span};
use crate::text::trimmed_length;

impl Json {
    /// What the next line is.
    pub(super) fn line(&mut self, is_last: bool, buffer: &mut Buffer) -> Option<Found> {
        let feed = loop {
            if self.place == Place::Before {
                if !Self::skip_white(buffer) {
                    return None;
                }
                (self.place, self.line, self.looked, self.text) = (Place::Value, buffer.offset(), 0, 0);
            }
            let feed = line_feed(buffer, buffer.start + self.looked);
            if self.place == Place::Value {
                break feed;
            }
            let from = buffer.start;
            buffer.start = feed.map_or(buffer.filled, |feed| feed + 1);
            if feed.is_none() {
                self.skip(from, buffer.filled, buffer);
                return None;
            }
            self.scanner = Scanner::new();
            self.place = Place::Before;
        };
        let (start, filled) = (buffer.start, buffer.filled);
        let from = start + self.looked;
        let end = feed.unwrap_or(filled);
        let length = trimmed_length(&buffer.bytes()[from..end]);
        if length > 0 {
            self.text = self.looked + length;
        }
        self.looked = end - start;
        if self.text > self.max_event_bytes {
            return Some(self.outgrown(feed, buffer));
        }
        if feed.is_none() && !is_last {
            // White space after the text is not held beyond the limit.
            self.looked = self.looked.min(self.max_event_bytes);
            buffer.cut(self.looked);
            return None;
        }
        let found = self.judge(feed, buffer)?;
        self.place = Place::Before;
        buffer.start = feed.map_or(filled, |feed| feed + 1);
        Some(found)
    }

    /// Reads a line that was ended by its line feed or by the body; `None` if it is only the beginning of a line.
    fn judge(&mut self, feed: Option<usize>, buffer: &Buffer) -> Option<Found> {
        let text = Span { start: buffer.start, end: buffer.start + self.text };
        let bytes = buffer.text(text);
        if self.accept_done && bytes.first() == DONE.first() {
            if bytes == DONE {
                return Some(Found::Done);
            }
            if feed.is_none() && DONE.starts_with(bytes) {
                return None;
            }
        }
        let (at, problem) = match self.scanner.push(bytes) {
            Scan::End(used) if used == bytes.len() => return Some(Found::Record(text)),
            Scan::End(used) => {
                (used + bytes[used..].iter().take_while(|byte| is_white(**byte)).count(), MORE)
            }
            Scan::Bad { at, problem } => (at, problem),
            Scan::More => {
                let remains = self.scanner.remains();
                self.scanner = Scanner::new();
                if remains == Remains::Whole {
                    return Some(Found::Record(text));
                }
                return Some(Found::Bad(buffer.offset_of(feed?), "the line ends inside the value"));
            }
        };
        Some(Found::Bad(self.line + at as u64, problem))
    }

    /// The text goes on beyond the limit. The rest is scanned to say whether the body ends inside its value.
    fn outgrown(&mut self, feed: Option<usize>, buffer: &mut Buffer) -> Found {
        let offset = self.line + self.max_event_bytes as u64;
        self.looked = 0;
        if let Some(feed) = feed {
            (self.place, buffer.start) = (Place::Before, feed + 1);
            return Found::TooLarge(offset);
        }
        self.place = Place::Skipping;
        let limit = buffer.start + self.max_event_bytes;
        self.skip(buffer.start, limit, buffer);
        // White space that crosses the limit may not have been held.
        buffer.start = limit;
        Self::skip_white(buffer);
        self.skip(buffer.start, buffer.filled, buffer);
        buffer.start = buffer.filled;
        Found::TooLarge(offset)
    }

    fn skip(&mut self, start: usize, end: usize, buffer: &Buffer) {
        if self.place == Place::Skipping && self.scanner.push(buffer.text(Span { start, end })) != Scan::More
        {
            self.place = Place::Lost;
        }
    }
}

/// Where the first line feed from `at` on is. A carriage return ends no line here.
fn line_feed(buffer: &Buffer, mut at: usize) -> Option<usize> {
    loop {
        at = buffer.line_end(at);
        if at >= buffer.filled {
            return None;
        }
        if buffer.bytes()[at] == b'\n' {
            return Some(at);
        }
        at += 1;
    }
}

const fn is_white(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}
