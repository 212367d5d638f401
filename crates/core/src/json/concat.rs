//! JSON values one after the other: glued together, a line each, or pretty-printed over lines.

use super::body::{Body, Bom, Found};
use super::scan::Remains;
use super::value::{Read, ValueReader};
use crate::error::DecodeError;
use crate::frame::Frame;
use crate::options::DecoderOptions;

/// A decoder of concatenated JSON, fed in pieces that may be cut anywhere.
///
/// Values (RFC 8259) stand in any white space or in none. Objects, arrays, strings and literals are handed out with
/// their last byte, numbers with the byte after it or at the end of the body. One byte order mark at the very start
/// is skipped. What is malformed is reported at its first offending byte, as a frame and then as an error, since no
/// next value can be found.
///
/// With [`DecoderOptions::done`], `[DONE]` may stand where a value may. What begins with `[D` and goes on otherwise is
/// malformed at the `D`. The marker is no record, so the limit does not apply to it.
///
/// ```
/// use tidewire_core::{Frame, DecoderOptions, json::Concat};
///
/// let mut concat = Concat::new(DecoderOptions::default());
/// let mut seen = Vec::new();
/// for mut chunk in [&b"{\"a\":1}{\"a\""[..], b": 2} 3"] {
///     while let Some(frame) = concat.next(&mut chunk)? {
///         if let Frame::Record(record) = frame {
///             seen.push(record.json.to_str().into_owned());
///         }
///     }
/// }
/// while let Some(frame) = concat.finish()? {
///     if let Frame::Record(record) = frame {
///         seen.push(record.json.to_str().into_owned());
///     }
/// }
/// assert_eq!(seen, ["{\"a\":1}", "{\"a\": 2}", "3"]);
/// assert!(!concat.inside_record());
/// # Ok::<(), tidewire_core::DecodeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Concat {
    body: Body,
    reader: ValueReader,
    place: Place,
}

/// ```text
///  Start ─▶ Between ◀──▶ InValue
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// At the very start, after so many bytes of a byte order mark.
    Start {
        bom: usize,
    },
    Between,
    InValue,
}

impl Concat {
    /// A decoder at the start of a body.
    #[must_use]
    pub const fn new(options: DecoderOptions) -> Self {
        Self { body: Body::new(options), reader: ValueReader::new(), place: Place::Start { bom: 0 } }
    }

    /// The next frame of `input`, whose front is taken away as far as it was used. `None` once it is used up; what is
    /// unfinished is kept for the next piece.
    ///
    /// # Errors
    /// [`DecodeError::TooLarge`] once a value outgrows `max_event_bytes`, unless such are skipped, and
    /// [`DecodeError::Malformed`] after a [`Frame::BadRecord`]. Every further call says the same.
    pub fn next<'a, 'i: 'a>(&'a mut self, input: &mut &'i [u8]) -> Result<Option<Frame<'a>>, DecodeError> {
        self.body.resume(input)?;
        let found = self.find(input);
        self.body.deliver(found)
    }

    /// What a clean end of the body adds, one frame a call.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub fn finish(&mut self) -> Result<Option<Frame<'_>>, DecodeError> {
        self.body.resume(&mut &[][..])?;
        let found = match self.place {
            Place::Start { bom } => {
                self.place = Place::Between;
                let mut half = self.body.half_bom(bom);
                self.find(&mut half)
            }
            Place::Between => None,
            Place::InValue => self.reader.finish(),
        };
        self.body.deliver(found)
    }

    /// Whether the body is inside a value, or what may be `[DONE]`; asked after [`finish`](Self::finish) returned
    /// `None`, whether it ended there.
    #[must_use]
    pub fn inside_record(&self) -> bool {
        self.place == Place::InValue && self.reader.remains() == Remains::Partial
    }

    fn find<'a>(&mut self, input: &mut &'a [u8]) -> Option<Found<'a>> {
        while !input.is_empty() {
            let found = match self.place {
                Place::Start { bom } => match self.body.bom(bom, input) {
                    Bom::Part { matched } => {
                        self.place = Place::Start { bom: matched };
                        None
                    }
                    Bom::Over { mut half } => {
                        self.place = Place::Between;
                        self.find(&mut half)
                    }
                },
                Place::Between => {
                    if self.body.skip_white(input).is_some() {
                        self.place = Place::InValue;
                    }
                    None
                }
                Place::InValue => self.value(input),
            };
            if found.is_some() {
                return found;
            }
        }
        None
    }

    fn value<'a>(&mut self, input: &mut &'a [u8]) -> Option<Found<'a>> {
        let read = self.reader.read(&mut self.body, input)?;
        if !matches!(read, Read::TooLarge(_)) {
            self.place = Place::Between;
        }
        match read {
            Read::Whole(text) => Some(Found::Record(text)),
            Read::Done => Some(Found::Done),
            Read::TooLarge(error) => Some(Found::TooLarge(error)),
            Read::Skipped(Ok(())) => None,
            Read::Bad(bad) | Read::Skipped(Err(bad)) => Some(Found::Fatal(bad)),
        }
    }
}
