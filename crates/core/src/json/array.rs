//! One JSON array, its elements handed out one by one.

use super::body::{Body, Bom, Found};
use super::value::{Read, ValueReader};
use crate::error::DecodeError;
use crate::frame::Frame;
use crate::options::DecoderOptions;

/// A decoder of a body that is one JSON array (RFC 8259, section 5), fed in pieces that may be cut anywhere.
///
/// Each element is a record, handed out with its last byte, a number with the byte after it. One byte order mark at
/// the very start is skipped. An array that was opened must reach its `]`; after that only white space may stand. What
/// is malformed is reported at its first offending byte, as a frame and then as an error, since no next element can
/// be found. A body without any array has no records and is not malformed. [`DecoderOptions::done`] has no meaning here.
///
/// ```
/// use tidewire_core::{Frame, DecoderOptions, json::JsonArray};
///
/// let mut array = JsonArray::new(DecoderOptions::default());
/// let mut seen = Vec::new();
/// for mut chunk in [&b"[{\"a\":1}\n, {\"a\""[..], b": 2} ]"] {
///     while let Some(frame) = array.next(&mut chunk)? {
///         if let Frame::Record(record) = frame {
///             seen.push(record.json.to_str().into_owned());
///         }
///     }
/// }
/// assert_eq!(seen, ["{\"a\":1}", "{\"a\": 2}"]);
/// assert!(!array.inside_record());
/// # Ok::<(), tidewire_core::DecodeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct JsonArray {
    body: Body,
    reader: ValueReader,
    place: Place,
}

/// ```text
///  Start ─▶ Before ─ [ ─▶ First ─▶ InElement ─▶ After ─ ] ─▶ Closed
///                           │          ▲          │
///                           ]          └─ Next ◀─ ,
///                           └────────▶ Closed
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// At the very start, after so many bytes of a byte order mark.
    Start {
        bom: usize,
    },
    /// Before the `[`.
    Before,
    /// After the `[`.
    First,
    InElement,
    /// After an element.
    After,
    /// After a `,`.
    Next,
    /// After the `]`.
    Closed,
}

impl JsonArray {
    /// A decoder at the start of a body.
    #[must_use]
    pub const fn new(options: DecoderOptions) -> Self {
        let body = Body::new(DecoderOptions { done: false, ..options });
        Self { body, reader: ValueReader::new(), place: Place::Start { bom: 0 } }
    }

    /// The next frame of `input`, whose front is taken away as far as it was used. `None` once it is used up; what is
    /// unfinished is kept for the next piece.
    ///
    /// # Errors
    /// [`DecodeError::TooLarge`] once an element outgrows `max_event_bytes`, unless such are skipped, and
    /// [`DecodeError::Malformed`] after a [`Frame::BadRecord`]. Every further call says the same.
    pub fn next<'a, 'i: 'a>(&'a mut self, input: &mut &'i [u8]) -> Result<Option<Frame<'a>>, DecodeError> {
        self.body.resume(input)?;
        let found = self.find(input);
        self.body.deliver(found)
    }

    /// What a clean end of the body adds, one frame a call: nothing, or half a byte order mark that is none.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub fn finish(&mut self) -> Result<Option<Frame<'_>>, DecodeError> {
        self.body.resume(&mut &[][..])?;
        let found = match self.place {
            Place::Start { bom } => {
                self.place = Place::Before;
                let mut half = self.body.half_bom(bom);
                self.find(&mut half)
            }
            Place::Before | Place::First | Place::InElement | Place::After | Place::Next | Place::Closed => {
                None
            }
        };
        self.body.deliver(found)
    }

    /// Whether the body is inside the array; asked after [`finish`](Self::finish) returned `None`, whether it ended
    /// there.
    #[must_use]
    pub const fn inside_record(&self) -> bool {
        match self.place {
            Place::Start { .. } | Place::Before | Place::Closed => false,
            Place::First | Place::InElement | Place::After | Place::Next => true,
        }
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
                        self.place = Place::Before;
                        self.find(&mut half)
                    }
                },
                Place::InElement => self.element(input),
                Place::Before | Place::First | Place::After | Place::Next | Place::Closed => {
                    self.between(input)
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
        self.place = match (self.place, byte) {
            (Place::Before, b'[') => Place::First,
            (Place::First | Place::After, b']') => Place::Closed,
            (Place::After, b',') => Place::Next,
            (Place::First | Place::Next, _) => {
                self.place = Place::InElement;
                return None;
            }
            (Place::After, _) => return Some(Found::Fatal(self.body.bad("expected `,` or `]`"))),
            (Place::Closed, _) => return Some(Found::Fatal(self.body.bad("more after the array"))),
            (Place::Start { .. } | Place::Before | Place::InElement, _) => {
                return Some(Found::Fatal(self.body.bad("expected `[`")));
            }
        };
        self.body.take(input, 1);
        None
    }

    fn element<'a>(&mut self, input: &mut &'a [u8]) -> Option<Found<'a>> {
        let read = self.reader.read(&mut self.body, input)?;
        Some(match read {
            Read::Whole(text) => {
                self.place = Place::After;
                Found::Record(text)
            }
            Read::TooLarge(error) => Found::TooLarge(error),
            Read::Skipped(Ok(())) | Read::Done => {
                self.place = Place::After;
                return None;
            }
            Read::Bad(bad) | Read::Skipped(Err(bad)) => Found::Fatal(bad),
        })
    }
}
