//! Reads a body with a decoder, and checks what holds for every decoder.

use std::fmt;
use std::time::Duration;

use tidewire_core::json::{Concat, JsonArray, JsonSeq, Ndjson};
use tidewire_core::{BadRecord, DecodeError, Decoder, DecoderOptions, Format, Frame, Sse, Text, TooLarge};

use crate::memory::{held, peak_of};

/// The methods that every decoder has.
pub(crate) trait Framing {
    fn next<'a, 'i: 'a>(&'a mut self, input: &mut &'i [u8]) -> Result<Option<Frame<'a>>, DecodeError>;
    fn finish(&mut self) -> Result<Option<Frame<'_>>, DecodeError>;
    fn inside_record(&self) -> bool;
    /// Bytes that it may hold beyond its limit.
    fn allowance(&self) -> usize {
        0
    }
}

impl Framing for Decoder {
    fn next<'a, 'i: 'a>(&'a mut self, input: &mut &'i [u8]) -> Result<Option<Frame<'a>>, DecodeError> {
        Decoder::next(self, input)
    }
    fn finish(&mut self) -> Result<Option<Frame<'_>>, DecodeError> {
        Decoder::finish(self)
    }
    fn inside_record(&self) -> bool {
        Decoder::inside_record(self)
    }
    /// White space before the byte that decides the format, in a vector that doubles. It is part of the body if that is text.
    fn allowance(&self) -> usize {
        match self.format() {
            Format::Auto => 2 * 4096,
            Format::Text => 6 * 4096,
            _ => 0,
        }
    }
}

macro_rules! framings {
    ($($decoder:ident)*) => {$(
        impl Framing for $decoder {
            fn next<'a, 'i: 'a>(&'a mut self, input: &mut &'i [u8]) -> Result<Option<Frame<'a>>, DecodeError> {
                $decoder::next(self, input)
            }
            fn finish(&mut self) -> Result<Option<Frame<'_>>, DecodeError> {
                $decoder::finish(self)
            }
            fn inside_record(&self) -> bool {
                $decoder::inside_record(self)
            }
        }
    )*};
}

framings! { Sse Text Ndjson JsonSeq JsonArray Concat }

/// The frames of a body. Adjacent texts are joined.
#[derive(Default, PartialEq)]
pub(crate) struct Reading {
    frames: Vec<Kind>,
    /// The bytes of all frames, one after the other.
    bytes: Vec<u8>,
    pub(crate) end: End,
}

/// A frame, with the lengths of its parts.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Event { event: usize, data: usize, id: usize, has_own_id: bool },
    Id(usize),
    Record { index: u64, json: usize },
    Text(usize),
    LastText(usize),
    Comment(usize),
    Retry(Duration),
    Done,
    Bad(BadRecord),
    Skipped(TooLarge),
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum End {
    #[default]
    Clean,
    Inside,
    Failed(DecodeError),
}

/// Reads the pieces to their end, or to an error, which must be final.
pub(crate) fn read<'w>(
    decoder: &mut impl Framing,
    options: DecoderOptions,
    pieces: impl IntoIterator<Item = &'w [u8]>,
) -> Reading {
    let mut reading = Reading::default();
    let mut meter = Meter::new(options.max_event_bytes);
    let mut length = 0;
    for mut piece in pieces {
        length += piece.len() as u64;
        meter.piece(piece.len());
        loop {
            let before = piece.len();
            let frame = meter.call(decoder.allowance(), || decoder.next(&mut piece));
            assert!(piece.len() <= before, "input grows");
            match frame {
                Ok(Some(frame)) => {
                    assert!(
                        piece.len() < before || reading.frames.len() < 4 * length as usize + 4,
                        "frames out of nothing"
                    );
                    reading.push(frame, options, length);
                }
                Ok(None) => break,
                Err(error) => {
                    reading.fail(decoder, error, length);
                    return reading;
                }
            }
        }
        assert!(piece.is_empty(), "input is left over");
    }
    let mut last = 0;
    loop {
        match meter.call(decoder.allowance(), || decoder.finish()) {
            Ok(Some(frame)) => reading.push(frame, options, length),
            Ok(None) => break,
            Err(error) => {
                reading.fail(decoder, error, length);
                return reading;
            }
        }
        last += 1;
        assert!(last < 8, "the end never ends");
    }
    assert_eq!(decoder.finish(), Ok(None), "a second end brings more");
    reading.end = if decoder.inside_record() { End::Inside } else { End::Clean };
    reading
}

/// Checks how much memory the decoder holds.
struct Meter {
    limit: usize,
    /// The length of the longest piece so far; the decoder may copy all of it.
    piece: usize,
    held: usize,
}

impl Meter {
    const fn new(limit: usize) -> Self {
        Self { limit, piece: 0, held: 0 }
    }

    fn piece(&mut self, length: usize) {
        self.piece = self.piece.max(length);
    }

    fn call<T>(&mut self, allowance: usize, work: impl FnOnce() -> T) -> T {
        let before = held();
        let (result, peak) = peak_of(work);
        let most = self.held + peak;
        // Data, the unfinished line, two ids and a name, each in a vector that doubles; broken UTF-8 grows threefold.
        let bound = 10 * self.limit.saturating_add(self.piece).min(1 << 40) + 512 + allowance;
        assert!(
            most <= bound,
            "{most} bytes held under a limit of {} and pieces of {}",
            self.limit,
            self.piece
        );
        self.held = (self.held + held()).saturating_sub(before);
        result
    }
}

impl Reading {
    fn push(&mut self, frame: Frame<'_>, options: DecoderOptions, length: u64) {
        let fits = |bytes: &[u8]| {
            assert!(bytes.len() <= options.max_event_bytes, "a frame beyond the limit: {frame:?}");
        };
        let kind = match frame {
            Frame::Event(event) => {
                fits(event.data.as_bytes());
                for part in [event.event, event.data, event.id] {
                    self.bytes.extend_from_slice(part.as_bytes());
                }
                Kind::Event {
                    event: event.event.as_bytes().len(),
                    data: event.data.as_bytes().len(),
                    id: event.id.as_bytes().len(),
                    has_own_id: event.has_own_id,
                }
            }
            Frame::Id(id) => {
                self.bytes.extend_from_slice(id.as_bytes());
                Kind::Id(id.as_bytes().len())
            }
            Frame::Record(record) => {
                fits(record.json.as_bytes());
                self.bytes.extend_from_slice(record.json.as_bytes());
                Kind::Record { index: record.index, json: record.json.as_bytes().len() }
            }
            Frame::Text(text) => {
                assert!(!text.is_empty(), "empty text");
                self.bytes.extend_from_slice(text.as_bytes());
                match self.frames.last_mut() {
                    Some(Kind::Text(length)) => {
                        *length += text.len();
                        return;
                    }
                    _ => Kind::Text(text.len()),
                }
            }
            Frame::LastText(text) => {
                self.bytes.extend_from_slice(text.as_bytes());
                Kind::LastText(text.len())
            }
            Frame::Comment(comment) => {
                fits(comment.as_bytes());
                self.bytes.extend_from_slice(comment.as_bytes());
                Kind::Comment(comment.as_bytes().len())
            }
            Frame::Retry(wait) => Kind::Retry(wait),
            Frame::Done => Kind::Done,
            Frame::BadRecord(bad) => {
                assert!(bad.offset <= length, "{bad:?} in a body of {length} bytes");
                Kind::Bad(bad)
            }
            Frame::Skipped(error) => {
                assert!(options.skip_oversized, "skipped unasked");
                assert_eq!(error.limit, options.max_event_bytes);
                assert!(error.offset < length, "{error:?} in a body of {length} bytes");
                Kind::Skipped(error)
            }
            other => panic!("an unknown frame: {other:?}"),
        };
        self.frames.push(kind);
    }

    /// Checks that an error is final, takes the rest of the input, and has an offset in the body.
    fn fail(&mut self, decoder: &mut impl Framing, error: DecodeError, length: u64) {
        let mut more = &b"data: 1\n\n[1]\n{}"[..];
        assert_eq!(decoder.next(&mut more), Err(error), "an error does not stay");
        assert!(more.is_empty(), "an error leaves input");
        assert_eq!(decoder.finish(), Err(error), "an error does not stay at the end");
        match error {
            DecodeError::TooLarge(error) => assert!(error.offset < length, "{error:?} in {length} bytes"),
            DecodeError::Malformed(bad) => {
                assert!(bad.offset <= length, "{bad:?} in {length} bytes");
                assert_eq!(self.frames.last(), Some(&Kind::Bad(bad)), "an error without its frame");
            }
            _ => panic!("an unknown error: {error:?}"),
        }
        self.end = End::Failed(error);
    }

    /// Whether the other reading begins with this one.
    pub(crate) fn is_start_of(&self, other: &Self) -> bool {
        other.frames.starts_with(&self.frames) && other.bytes.starts_with(&self.bytes)
    }

    /// The frames.
    pub(crate) fn frames(&self) -> impl Iterator<Item = Seen<'_>> {
        let mut rest = &self.bytes[..];
        self.frames.iter().map(move |kind| {
            let mut take = |length| {
                let (taken, after) = rest.split_at(length);
                rest = after;
                taken
            };
            match *kind {
                Kind::Event { event, data, id, has_own_id } => {
                    Seen::Event { event: take(event), data: take(data), id: take(id), has_own_id }
                }
                Kind::Id(length) => Seen::Id(take(length)),
                Kind::Record { index, json } => Seen::Record { index, json: take(json) },
                Kind::Text(length) => Seen::Text(take(length)),
                Kind::LastText(length) => Seen::LastText(take(length)),
                Kind::Comment(length) => Seen::Comment(take(length)),
                Kind::Retry(wait) => Seen::Retry(wait),
                Kind::Done => Seen::Done,
                Kind::Bad(bad) => Seen::Bad(bad.offset),
                Kind::Skipped(error) => Seen::Skipped(error.offset),
            }
        })
    }
}

/// A frame of a reading.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Seen<'a> {
    Event { event: &'a [u8], data: &'a [u8], id: &'a [u8], has_own_id: bool },
    Id(&'a [u8]),
    Record { index: u64, json: &'a [u8] },
    Text(&'a [u8]),
    LastText(&'a [u8]),
    Comment(&'a [u8]),
    Retry(Duration),
    Done,
    Bad(u64),
    Skipped(u64),
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.frames).finish()?;
        write!(f, " {} {:?}", self.bytes.escape_ascii(), self.end)
    }
}
