//! The JSON formats: the decoders of `tidewire_core::json`, whose frames become rows.

use tidewire_core::json::{Concat, JsonArray, JsonSeq, Ndjson};
use tidewire_core::{DecodeError, DecoderOptions, Frame};

use crate::abi::{format, kind};
use crate::buffer::{Buffer, Span};
use crate::listener::Listener;
use crate::table::Table;

/// A decoder of one JSON format.
#[derive(Debug)]
pub(crate) enum Json {
    Ndjson(Ndjson),
    JsonSeq(JsonSeq),
    JsonArray(JsonArray),
    Concat(Concat),
}

/// Why decoding cannot go on: the kind of a row, its number, and its text.
pub(crate) type Failure = (u32, u64, &'static str);

/// What a frame says.
struct Said {
    kind: u32,
    number: u64,
    text: Text,
}

/// A text of a row.
enum Text {
    /// In the buffer.
    Here(Span),
    Own(alloc::vec::Vec<u8>),
}

macro_rules! each {
    ($json:expr, $decoder:ident => $result:expr) => {
        match $json {
            Json::Ndjson($decoder) => $result,
            Json::JsonSeq($decoder) => $result,
            Json::JsonArray($decoder) => $result,
            Json::Concat($decoder) => $result,
        }
    };
}

impl Json {
    /// A decoder of a format at the start of a body.
    pub(crate) fn new(format: u32, options: DecoderOptions) -> Self {
        match format {
            format::NDJSON => Self::Ndjson(Ndjson::new(options)),
            format::JSON_SEQ => Self::JsonSeq(JsonSeq::new(options)),
            format::JSON_ARRAY => Self::JsonArray(JsonArray::new(options)),
            _ => Self::Concat(Concat::new(options)),
        }
    }

    /// Decodes what the buffer has from `from` on, or with `is_last` also what the body's clean end completes.
    pub(crate) fn decode(
        &mut self,
        mut from: usize,
        is_last: bool,
        buffer: &mut Buffer,
        table: &mut Table,
        listener: &mut impl Listener,
    ) -> Result<(), Failure> {
        while let Some(Said { kind, number, text }) =
            self.next(&mut from, is_last, buffer).map_err(failure)?
        {
            let text = match text {
                Text::Here(text) => text,
                Text::Own(text) => buffer.put_aside(&text),
            };
            let is_over = match kind {
                kind::RECORD => listener.record(number, text, buffer, table),
                kind::DONE => listener.done(table),
                kind => {
                    table.add(kind, number, text);
                    false
                }
            };
            if is_over {
                break;
            }
        }
        // The decoder has kept what is unfinished.
        buffer.start = buffer.filled;
        buffer.restart();
        Ok(())
    }

    fn next(
        &mut self,
        from: &mut usize,
        is_last: bool,
        buffer: &Buffer,
    ) -> Result<Option<Said>, DecodeError> {
        let mut input = &buffer.bytes()[*from..buffer.filled];
        let before = input.len();
        let frame = each!(self, decoder => decoder.next(&mut input))?.map(|frame| said(&frame, buffer));
        *from += before - input.len();
        if frame.is_some() || !is_last {
            return Ok(frame);
        }
        let frame = each!(self, decoder => decoder.finish())?;
        Ok(frame.map(|frame| said(&frame, buffer)))
    }

    pub(crate) fn inside_record(&self) -> bool {
        each!(self, decoder => decoder.inside_record())
    }
}

fn said(frame: &Frame<'_>, buffer: &Buffer) -> Said {
    let (kind, number, text): (u32, u64, &[u8]) = match frame {
        Frame::Record(record) => (kind::RECORD, record.index, record.json.as_bytes()),
        Frame::BadRecord(bad) => (kind::BAD_RECORD, bad.offset, bad.problem.as_bytes()),
        Frame::Skipped(error) => (kind::SKIPPED, error.offset, b""),
        _ => (kind::DONE, 0, b""),
    };
    let bytes = buffer.bytes();
    let start = (text.as_ptr() as usize).wrapping_sub(bytes.as_ptr() as usize);
    let text = if start <= bytes.len() && text.len() <= bytes.len() - start {
        Text::Here(Span { start, end: start + text.len() })
    } else {
        Text::Own(text.to_vec())
    };
    Said { kind, number, text }
}

fn failure(error: DecodeError) -> Failure {
    match error {
        DecodeError::Malformed(bad) => (kind::BAD_RECORD, bad.offset, bad.problem),
        error => (kind::SKIPPED, error.offset(), ""),
    }
}
