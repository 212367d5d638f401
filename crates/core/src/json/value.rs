//! One value of a body in which the values delimit themselves, read over any cut, with its limit and `[DONE]`.

use super::body::{Body, Found, Text};
use super::scan::{Remains, Scan, Scanner};
use super::word::{DONE, Match, match_word};
use crate::error::TooLarge;
use crate::frame::BadRecord;

/// Reads one value after the other; between them the framing reads.
#[derive(Clone, Debug)]
pub(super) struct ValueReader {
    scanner: Scanner,
    mode: Mode,
}

/// ```text
///  Fresh ─▶ Collecting ─▶ whole ─▶ Fresh
///    │        ▲    └─ over the limit ─▶ Skipping ─▶ its end ─▶ Fresh
///    └ [ ─▶ Marker ─▶ [DONE] ─▶ Fresh
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// At the first byte of a value.
    Fresh,
    /// The piece ended inside what may be `[DONE]`, after so many bytes of it.
    Marker { matched: usize },
    /// In a value.
    Collecting,
    /// In a value that outgrew the limit.
    Skipping,
}

/// What became of a value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Read<'a> {
    Whole(Text<'a>),
    Done,
    /// It cannot be a value.
    Bad(BadRecord),
    /// It outgrew the limit. The reader goes on with it, and says [`Read::Skipped`] at its end.
    TooLarge(TooLarge),
    /// The value that was too large is over.
    Skipped(Result<(), BadRecord>),
}

impl ValueReader {
    pub(super) const fn new() -> Self {
        Self { scanner: Scanner::new(), mode: Mode::Fresh }
    }

    /// Reads on in the value whose first byte came or comes now. `None` once the input is used up.
    pub(super) fn read<'a>(&mut self, body: &mut Body, input: &mut &'a [u8]) -> Option<Read<'a>> {
        let read = match self.mode {
            Mode::Fresh if body.options().done => self.marker(body, 0, input),
            Mode::Fresh | Mode::Collecting => self.collect(body, input),
            Mode::Marker { matched } => self.marker(body, matched, input),
            Mode::Skipping => self.skip(body, input),
        }?;
        self.mode = match read {
            Read::TooLarge(_) => Mode::Skipping,
            Read::Whole(_) | Read::Done | Read::Bad(_) | Read::Skipped(_) => Mode::Fresh,
        };
        Some(read)
    }

    /// What there is of a value if the body ends here.
    pub(super) const fn remains(&self) -> Remains {
        match self.mode {
            Mode::Marker { .. } => Remains::Partial,
            Mode::Fresh | Mode::Collecting | Mode::Skipping => self.scanner.remains(),
        }
    }

    /// The number that the end of the body completes.
    pub(super) fn finish(&mut self) -> Option<Found<'static>> {
        if self.mode != Mode::Collecting || self.scanner.remains() != Remains::Whole {
            return None;
        }
        *self = Self::new();
        Some(Found::Record(Text::Held))
    }

    fn marker<'a>(&mut self, body: &mut Body, matched: usize, input: &mut &'a [u8]) -> Option<Read<'a>> {
        match match_word(DONE, matched, input) {
            Match::Whole { used } => {
                body.take(input, used);
                Some(Read::Done)
            }
            Match::Part { matched } => {
                body.take(input, input.len());
                self.mode = Mode::Marker { matched };
                None
            }
            // At most `[`, which begins an array too.
            Match::Not { matched: 0 | 1 } => {
                body.rewind(matched);
                self.collect(body, &mut &DONE[..matched]).or_else(|| self.collect(body, input))
            }
            // Without the marker, the `D` is what cannot stand there; so it is with it, wherever the word goes wrong.
            Match::Not { .. } => {
                let offset = body.offset() - matched as u64 + 1;
                Some(Read::Bad(BadRecord { offset, problem: "expected a value or `]`" }))
            }
        }
    }

    fn collect<'a>(&mut self, body: &mut Body, input: &mut &'a [u8]) -> Option<Read<'a>> {
        self.mode = Mode::Collecting;
        let left = body.limit() - body.held().len();
        // One byte beyond the limit shows whether the value goes on there, and is no more than that.
        let piece = &input[..input.len().min(left.saturating_add(1))];
        match self.scanner.push(piece) {
            Scan::End(used) if used <= left => {
                let last = body.take(input, used);
                Some(Read::Whole(body.text(last)))
            }
            Scan::More if piece.len() <= left => {
                body.take(input, piece.len());
                body.hold(piece);
                None
            }
            Scan::End(_) | Scan::More => {
                let start = body.offset() - body.held().len() as u64;
                body.take(input, piece.len());
                Some(Read::TooLarge(body.too_large(start)))
            }
            Scan::Bad { at, problem } => {
                body.take(input, at);
                Some(Read::Bad(body.bad(problem)))
            }
        }
    }

    fn skip<'a>(&mut self, body: &mut Body, input: &mut &'a [u8]) -> Option<Read<'a>> {
        // The byte beyond the limit may have been the value's last one.
        if self.scanner.remains() == Remains::Nothing {
            return Some(Read::Skipped(Ok(())));
        }
        match self.scanner.push(input) {
            Scan::More => {
                body.take(input, input.len());
                None
            }
            Scan::End(used) => {
                body.take(input, used);
                Some(Read::Skipped(Ok(())))
            }
            Scan::Bad { at, problem } => {
                body.take(input, at);
                Some(Read::Skipped(Err(body.bad(problem))))
            }
        }
    }
}
