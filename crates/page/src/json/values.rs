//! Values that show their own ends: JSON text sequences, one array, and values one after the other.

use tidewire_core::json::{Remains, Scan, Scanner};

use super::{DONE, Found, Json, MORE, Place};
use crate::abi::format;
use crate::buffer::{Buffer, Span};

/// The record separator, before every record of a sequence.
const RS: u8 = 0x1E;
const CUT_SHORT: &str = "the record is cut short by the next one";

impl Json {
    /// What the next value is.
    pub(super) fn value(&mut self, is_last: bool, buffer: &mut Buffer) -> Option<Found> {
        loop {
            let found = match self.place {
                Place::Value | Place::Skipping => self.scan(is_last, buffer)?,
                Place::Scalar => Some(self.scalar(buffer)?),
                _ => {
                    if !Self::skip_white(buffer) {
                        return None;
                    }
                    let next = buffer.bytes()[buffer.start];
                    match self.between(next) {
                        Ok(place) => {
                            if place == Place::Lost {
                                let rest = &buffer.bytes()[buffer.start..buffer.filled];
                                buffer.start +=
                                    rest.iter().position(|byte| *byte == RS).unwrap_or(rest.len());
                            } else if place != Place::Value {
                                buffer.start += 1;
                            }
                            (self.place, self.looked) = (place, 0);
                            None
                        }
                        Err(problem) => {
                            self.place = Place::Lost;
                            Some(Found::Bad(buffer.offset(), problem))
                        }
                    }
                }
            };
            if found.is_some() {
                return found;
            }
        }
    }

    /// The place after this byte between values. The first byte of a value, or of what is skipped, is not consumed.
    fn between(&self, byte: u8) -> Result<Place, &'static str> {
        Ok(match (self.format, self.place, byte) {
            (format::CONCAT, ..) => Place::Value,
            (format::JSON_SEQ, _, RS) => Place::Begun,
            (format::JSON_SEQ, Place::Begun, _) => Place::Value,
            (format::JSON_SEQ, Place::Lost, _) => Place::Lost,
            (format::JSON_SEQ, Place::After, _) => return Err(MORE),
            (format::JSON_SEQ, ..) => return Err("expected a record separator"),
            (_, Place::Before, b'[') => Place::Begun,
            (_, Place::Before, _) => return Err("expected `[`"),
            (_, Place::Begun | Place::After, b']') => Place::Closed,
            (_, Place::After, b',') => Place::Next,
            (_, Place::After, _) => return Err("expected `,` or `]`"),
            (_, Place::Closed, _) => return Err("more after the array"),
            _ => Place::Value,
        })
    }

    /// Continues a value. `None` if it is not over yet; `Some(None)` if it is over but not a record.
    #[expect(clippy::option_option, reason = "the outer one is for `?`")]
    fn scan(&mut self, is_last: bool, buffer: &mut Buffer) -> Option<Option<Found>> {
        let (start, filled) = (buffer.start, buffer.filled);
        let is_skipping = self.place == Place::Skipping;
        let mut most = if is_skipping { usize::MAX } else { self.max_event_bytes };
        if self.looked == 0 && !is_skipping && self.accept_done {
            let have = &buffer.bytes()[start..filled];
            let alike = DONE.iter().zip(have).take_while(|(want, have)| want == have).count();
            if alike == DONE.len() {
                self.place = self.after();
                buffer.start += alike;
                return Some(Some(Found::Done));
            }
            if alike == have.len() {
                return None;
            }
            if alike > 1 {
                // The limit does not apply to what begins like the marker: it goes wrong at the `D`.
                most = 2;
            }
        }
        let from = start + self.looked;
        let left = most - self.looked;
        // One byte beyond the limit shows whether the value goes on there, and is no more than that.
        let length = (filled - from).min(left.saturating_add(1));
        let scan = self.scanner.push(buffer.text(Span { start: from, end: from + length }));
        match scan {
            Scan::More if length <= left => {
                self.looked += length;
                if is_skipping {
                    (buffer.start, self.looked) = (filled, 0);
                } else if is_last && self.format == format::CONCAT && self.scanner.remains() == Remains::Whole
                {
                    self.scanner = Scanner::new();
                    (self.place, buffer.start) = (Place::Before, filled);
                    return Some(Some(Found::Record(Span { start, end: filled })));
                }
                None
            }
            Scan::End(used) if used <= left => {
                let end = from + used;
                if is_skipping {
                    (self.place, buffer.start) = (self.after_skipped(), end);
                    return Some(None);
                }
                if self.format == format::JSON_SEQ && !matches!(buffer.bytes()[start], b'{' | b'[' | b'"') {
                    (self.place, self.looked) = (Place::Scalar, end - start);
                    return Some(None);
                }
                (self.place, buffer.start) = (self.after(), end);
                Some(Some(Found::Record(Span { start, end })))
            }
            Scan::Bad { at, problem } => {
                buffer.start = from + at;
                self.place = Place::Lost;
                // A sequence goes on after a record that was reported already.
                if is_skipping && self.format == format::JSON_SEQ {
                    return Some(None);
                }
                // No separator can stand in a value, so the scanner stopped at it.
                let is_cut = self.format == format::JSON_SEQ && buffer.bytes()[buffer.start] == RS;
                let problem = if is_cut { CUT_SHORT } else { problem };
                Some(Some(Found::Bad(buffer.offset(), problem)))
            }
            Scan::More | Scan::End(_) => {
                let offset = buffer.offset() + self.max_event_bytes as u64;
                // The byte beyond the limit may be the value's last one.
                self.place = if scan == Scan::More { Place::Skipping } else { self.after_skipped() };
                (buffer.start, self.looked) = (from + length, 0);
                Some(Some(Found::TooLarge(offset)))
            }
        }
    }

    /// Decides by the byte after it whether a value of a sequence that does not show its own end is whole.
    fn scalar(&mut self, buffer: &mut Buffer) -> Option<Found> {
        let end = buffer.start + self.looked;
        if end == buffer.filled {
            return None;
        }
        let text = Span { start: buffer.start, end };
        buffer.start = end;
        self.place = Place::Lost;
        Some(match buffer.bytes()[end] {
            RS => Found::Bad(buffer.offset(), CUT_SHORT),
            b' ' | b'\t' | b'\n' | b'\r' => {
                self.place = Place::After;
                Found::Record(text)
            }
            _ => Found::Bad(buffer.offset(), MORE),
        })
    }

    /// Where the body is after a value.
    const fn after(&self) -> Place {
        if self.format == format::CONCAT { Place::Before } else { Place::After }
    }

    /// Where it is after one that was too large.
    const fn after_skipped(&self) -> Place {
        if self.format == format::JSON_SEQ { Place::Lost } else { self.after() }
    }
}
