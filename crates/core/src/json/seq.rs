//! JSON text sequences: RFC 7464.

use memchr::memchr;

use super::body::{Body, Found, Text};
use super::scan::{MORE, Remains};
use super::value::{Read, ValueReader};
use super::white::is_white;
use crate::error::DecodeError;
use crate::frame::Frame;
use crate::options::DecoderOptions;

/// The record separator, before every record.
const RS: u8 = 0x1E;

const CUT_SHORT: &str = "the record is cut short by the next one";

/// A decoder of JSON text sequences (RFC 7464), fed in pieces that may be cut anywhere.
///
/// A record stands after a record separator (0x1E); several of these in a row are one. Objects, arrays and strings
/// are handed out with their last byte; a number, `true`, `false` or `null` only once white space follows, since
/// without it the text may have been cut short (section 2.4). Whatever else is there is one [`Frame::BadRecord`] at
/// its first offending byte, up to the next separator: bytes before the first separator, a malformed record, more
/// than white space after a value, a record that the next separator cuts short.
///
/// With [`DecoderOptions::done`], `[DONE]` may stand in place of a record; the limit does not apply to it.
///
/// ```
/// use tidewire_core::{Frame, DecoderOptions, json::JsonSeq};
///
/// let mut seq = JsonSeq::new(DecoderOptions::default());
/// let mut seen = Vec::new();
/// for mut chunk in [&b"\x1E{\"a\":1}\n\x1E{\"a\""[..], b": 2}\n\x1E3\n"] {
///     while let Some(frame) = seq.next(&mut chunk)? {
///         if let Frame::Record(record) = frame {
///             seen.push(record.json.to_str().into_owned());
///         }
///     }
/// }
/// assert_eq!(seen, ["{\"a\":1}", "{\"a\": 2}", "3"]);
/// assert!(!seq.inside_record());
/// # Ok::<(), tidewire_core::DecodeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct JsonSeq {
    body: Body,
    reader: ValueReader,
    place: Place,
}

/// ```text
///  Start ─ RS ─▶ Begun ─▶ InValue ─▶ Scalar ─ white space ─▶ After
///                  ▲         └─────── closed ────────────────▶ │
///                  └──────────────────── RS ──────────────────-┘
///  what cannot stand there: ─▶ Lost ─ RS ─▶ Begun
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Before the first separator.
    Start,
    /// After a separator, before the value.
    Begun,
    InValue,
    /// After a collected value that only white space shows to be whole.
    Scalar,
    /// After a record that was handed out.
    After,
    /// In what is left of a record that was reported.
    Lost,
}

impl JsonSeq {
    /// A decoder at the start of a body.
    #[must_use]
    pub const fn new(options: DecoderOptions) -> Self {
        Self { body: Body::new(options), reader: ValueReader::new(), place: Place::Start }
    }

    /// The next frame of `input`, whose front is taken away as far as it was used. `None` once it is used up; what is
    /// unfinished is kept for the next piece.
    ///
    /// # Errors
    /// [`DecodeError::TooLarge`] once a record outgrows `max_event_bytes`, unless such are skipped. Every further
    /// call says the same.
    pub fn next<'a, 'i: 'a>(&'a mut self, input: &mut &'i [u8]) -> Result<Option<Frame<'a>>, DecodeError> {
        self.body.resume(input)?;
        let found = self.find(input);
        self.body.deliver(found)
    }

    /// What a clean end of the body adds: nothing, since no record of a sequence ends with the body.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub fn finish(&mut self) -> Result<Option<Frame<'_>>, DecodeError> {
        self.body.resume(&mut &[][..])?;
        Ok(None)
    }

    /// Whether the body is inside a record, which begins with its separator; asked after [`finish`](Self::finish)
    /// returned `None`, whether it ended there.
    #[must_use]
    pub fn inside_record(&self) -> bool {
        match self.place {
            Place::Begun | Place::Scalar => true,
            Place::InValue => self.reader.remains() != Remains::Nothing,
            Place::Start | Place::After | Place::Lost => false,
        }
    }

    fn find<'a>(&mut self, input: &mut &'a [u8]) -> Option<Found<'a>> {
        while let Some(&next) = input.first() {
            let found = match self.place {
                Place::Start | Place::Begun | Place::After => self.between(input),
                Place::InValue => self.value(input),
                Place::Scalar => Some(self.scalar(Text::Held, next)),
                Place::Lost => {
                    self.seek(input);
                    None
                }
            };
            if found.is_some() {
                return found;
            }
        }
        None
    }

    fn between(&mut self, input: &mut &[u8]) -> Option<Found<'static>> {
        let byte = self.body.skip_white(input)?;
        match (self.place, byte) {
            (_, RS) => self.seek(input),
            (Place::Begun, _) => self.place = Place::InValue,
            (Place::After, _) => return Some(self.lose(MORE)),
            _ => return Some(self.lose("expected a record separator")),
        }
        None
    }

    fn value<'a>(&mut self, input: &mut &'a [u8]) -> Option<Found<'a>> {
        match self.reader.read(&mut self.body, input)? {
            Read::Whole(text) => match (self.body.bytes(text), input.first()) {
                ([b'{' | b'[' | b'"', ..], _) => {
                    self.place = Place::After;
                    Some(Found::Record(text))
                }
                (_, Some(&next)) => Some(self.scalar(text, next)),
                (_, None) => {
                    self.body.keep(text);
                    self.place = Place::Scalar;
                    None
                }
            },
            Read::Done => {
                self.place = Place::After;
                Some(Found::Done)
            }
            // No separator can stand in a value, so the scanner stopped at it.
            Read::Bad(bad) if bad.offset == self.body.offset() && input.first() == Some(&RS) => {
                Some(self.lose(CUT_SHORT))
            }
            Read::Bad(bad) => {
                self.place = Place::Lost;
                Some(Found::Bad(bad))
            }
            Read::TooLarge(error) => Some(Found::TooLarge(error)),
            Read::Skipped(_) => {
                self.place = Place::Lost;
                None
            }
        }
    }

    /// A value that does not show its own end, by the byte after it.
    fn scalar<'a>(&mut self, text: Text<'a>, next: u8) -> Found<'a> {
        match next {
            RS => self.lose(CUT_SHORT),
            _ if is_white(next) => {
                self.place = Place::After;
                Found::Record(text)
            }
            _ => self.lose(MORE),
        }
    }

    /// The next byte cannot stand there; the record, or what is in place of one, is lost.
    fn lose(&mut self, problem: &'static str) -> Found<'static> {
        self.place = Place::Lost;
        Found::Bad(self.body.bad(problem))
    }

    /// Moves past the next separator.
    fn seek(&mut self, input: &mut &[u8]) {
        match memchr(RS, input) {
            Some(at) => {
                self.body.take(input, at + 1);
                self.place = Place::Begun;
            }
            None => {
                self.body.take(input, input.len());
            }
        }
    }
}
