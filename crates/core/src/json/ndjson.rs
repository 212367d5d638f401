//! JSON lines: a value a line.

use memchr::memchr;

use super::body::{Body, Bom, Found, Text};
use super::scan::{Remains, Scan, Scanner, scan_one};
use super::white::{trim_end, trim_start};
use super::word::DONE;
use crate::error::DecodeError;
use crate::frame::{BadRecord, Frame};
use crate::options::DecoderOptions;

/// A decoder of NDJSON (JSON Lines), fed in pieces that may be cut anywhere.
///
/// A line ends with a line feed, the last one also with the body. White space around its text does not belong to the
/// record; a blank line is none, and one byte order mark at the very start is skipped. A line that is not exactly one
/// JSON value (RFC 8259) is a [`Frame::BadRecord`] at its first offending byte, which is the line feed where the line
/// ends inside a value, and the next line is read. With [`DecoderOptions::validate`] off only a last line without its line
/// feed is checked.
///
/// The limit counts the bytes from a line's first to its last that is not white; a line beyond it is too large,
/// whatever it holds. With [`DecoderOptions::done`], a line that is `[DONE]` is [`Frame::Done`].
///
/// ```
/// use tidewire_core::{Frame, DecoderOptions, json::Ndjson};
///
/// let mut ndjson = Ndjson::new(DecoderOptions::default());
/// let mut seen = Vec::new();
/// for mut chunk in [&b"{\"a\":1}\r\n{\"a\""[..], b": 2}\n\n3\n"] {
///     while let Some(frame) = ndjson.next(&mut chunk)? {
///         if let Frame::Record(record) = frame {
///             seen.push(record.json.to_str().into_owned());
///         }
///     }
/// }
/// assert_eq!(seen, ["{\"a\":1}", "{\"a\": 2}", "3"]);
/// # Ok::<(), tidewire_core::DecodeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Ndjson {
    body: Body,
    place: Place,
}

/// ```text
///  Start ─▶ Blank ─ input ends in the line ─▶ Text ─ over the limit ─▶ Skipping ─ no value any more ─▶ Skipped
///             ▲                                 │                        │                             │
///             └───────────────────────── LF ────┴────────────────────────┴─────────────────────────────┘
/// ```
#[derive(Clone, Debug)]
enum Place {
    /// At the very start, after so many bytes of a byte order mark.
    Start { bom: usize },
    /// Nothing but white space so far on this line.
    Blank,
    /// In a line whose text begins at `start`, and so far ends at `end`; these, like the text between them and white
    /// space after it, came in earlier pieces.
    Text { start: u64, end: u64 },
    /// In a line that is too large, which is scanned to say whether the body ends inside its value.
    Skipping(Scanner),
    /// In a line that is too large, whose value is over or malformed.
    Skipped,
}

impl Ndjson {
    /// A decoder at the start of a body.
    #[must_use]
    pub const fn new(options: DecoderOptions) -> Self {
        Self { body: Body::new(options), place: Place::Start { bom: 0 } }
    }

    /// The next frame of `input`, whose front is taken away as far as it was used. `None` once it is used up; what is
    /// unfinished is kept for the next piece.
    ///
    /// # Errors
    /// [`DecodeError::TooLarge`] once a line outgrows `max_event_bytes`, unless such are skipped. Every further call
    /// says the same.
    #[inline]
    pub fn next<'a, 'i: 'a>(&'a mut self, input: &mut &'i [u8]) -> Result<Option<Frame<'a>>, DecodeError> {
        self.body.resume(input)?;
        let found = self.find(input);
        self.body.deliver(found)
    }

    /// What a clean end of the body adds, one frame a call: the last line if it has no line feed.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub fn finish(&mut self) -> Result<Option<Frame<'_>>, DecodeError> {
        self.body.resume(&mut &[][..])?;
        let found = match self.place {
            Place::Start { bom } => {
                self.place = Place::Blank;
                let mut half = self.body.half_bom(bom);
                self.find(&mut half).or_else(|| self.last_line())
            }
            Place::Text { .. } => self.last_line(),
            Place::Blank | Place::Skipping(_) | Place::Skipped => None,
        };
        self.body.deliver(found)
    }

    /// Whether the body is inside a line's text; asked after [`finish`](Self::finish) returned `None`, whether it
    /// ended inside a value, or what may be `[DONE]`.
    #[must_use]
    pub fn inside_record(&self) -> bool {
        match &self.place {
            Place::Text { .. } => true,
            Place::Skipping(scanner) => scanner.remains() == Remains::Partial,
            Place::Start { .. } | Place::Blank | Place::Skipped => false,
        }
    }

    #[inline]
    fn find<'a>(&mut self, input: &mut &'a [u8]) -> Option<Found<'a>> {
        while !input.is_empty() {
            let found = match self.place {
                Place::Blank => self.line(input),
                Place::Text { start, end } => self.piece(start, end, input),
                Place::Skipping(_) | Place::Skipped => {
                    self.skip(input);
                    None
                }
                Place::Start { bom } => match self.body.bom(bom, input) {
                    Bom::Part { matched } => {
                        self.place = Place::Start { bom: matched };
                        None
                    }
                    Bom::Over { mut half } => {
                        self.place = Place::Blank;
                        self.find(&mut half)
                    }
                },
            };
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// Reads a line of which nothing is collected.
    #[inline]
    fn line<'a>(&mut self, input: &mut &'a [u8]) -> Option<Found<'a>> {
        let Some(length) = memchr(b'\n', input) else {
            if self.body.skip_white(input).is_some() {
                self.place = Place::Text { start: self.body.offset(), end: self.body.offset() };
            }
            return None;
        };
        let line = trim_start(&input[..length]);
        let start = self.body.offset() + (length - line.len()) as u64;
        let text = trim_end(line);
        self.body.take(input, length + 1);
        if text.is_empty() {
            return None;
        }
        if text.len() > self.body.limit() {
            return Some(Found::TooLarge(self.body.too_large(start)));
        }
        Some(self.judge(start, Text::Input(text)))
    }

    /// Reads on in a line that began in an earlier piece.
    fn piece<'a>(&mut self, start: u64, mut end: u64, input: &mut &'a [u8]) -> Option<Found<'a>> {
        let length = memchr(b'\n', input);
        let piece = &input[..length.unwrap_or(input.len())];
        let text = trim_end(piece);
        if !text.is_empty() {
            end = self.body.offset() + text.len() as u64;
        }
        if end - start > self.body.limit() as u64 {
            return Some(self.outgrown(start, input));
        }
        // White space after the text counts only if more text follows, so it may be cut off at the limit.
        self.body.hold(piece);
        self.body.take(input, piece.len());
        self.place = Place::Text { start, end };
        length?;
        self.body.take(input, 1);
        self.body.cut((end - start) as usize);
        self.place = Place::Blank;
        Some(self.judge(start, Text::Held))
    }

    /// The text goes on beyond the limit in this piece of input.
    fn outgrown(&mut self, start: u64, input: &mut &[u8]) -> Found<'static> {
        // The scanner gets the same bytes under every cut: all but the white space across the limit, of which `hold`
        // may have kept nothing.
        let limit = start + self.body.limit() as u64;
        let rest = self.body.take(input, limit.saturating_sub(self.body.offset()) as usize);
        self.body.hold(rest);
        self.body.skip_white(input);
        let mut scanner = Scanner::new();
        self.place = match scanner.push(self.body.held()) {
            Scan::More => Place::Skipping(scanner),
            Scan::End(_) | Scan::Bad { .. } => Place::Skipped,
        };
        self.skip(input);
        Found::TooLarge(self.body.too_large(start))
    }

    fn skip(&mut self, input: &mut &[u8]) {
        let length = memchr(b'\n', input);
        let piece = self.body.take(input, length.map_or(input.len(), |length| length + 1));
        if length.is_some() {
            self.place = Place::Blank;
        } else if let Place::Skipping(scanner) = &mut self.place
            && scanner.push(piece) != Scan::More
        {
            self.place = Place::Skipped;
        }
    }

    /// What a line is that ended with its line feed, the last byte that was read.
    #[inline]
    fn judge<'a>(&self, start: u64, text: Text<'a>) -> Found<'a> {
        let options = self.body.options();
        let bytes = self.body.bytes(text);
        if options.done && bytes == DONE {
            return Found::Done;
        }
        if !options.validate {
            return Found::Record(text);
        }
        match scan_one(bytes) {
            Ok(Remains::Whole) => Found::Record(text),
            Ok(Remains::Partial | Remains::Nothing) => Found::Bad(BadRecord {
                offset: self.body.offset() - 1,
                problem: "the line ends inside the value",
            }),
            Err((at, problem)) => Found::Bad(BadRecord { offset: start + at as u64, problem }),
        }
    }

    /// What a line is that ended with the body; `None` if it is the beginning of one.
    fn last_line(&mut self) -> Option<Found<'static>> {
        let Place::Text { start, end } = self.place else { return None };
        self.body.cut((end - start) as usize);
        let bytes = self.body.held();
        let found = match scan_one(bytes) {
            _ if self.body.options().done && DONE == bytes => Found::Done,
            _ if self.body.options().done && DONE.starts_with(bytes) => return None,
            Ok(Remains::Whole) => Found::Record(Text::Held),
            Ok(Remains::Partial | Remains::Nothing) => return None,
            Err((at, problem)) => Found::Bad(BadRecord { offset: start + at as u64, problem }),
        };
        self.place = Place::Blank;
        Some(found)
    }
}
