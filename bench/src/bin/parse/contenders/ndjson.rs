//! Contenders that split NDJSON into the text of its records.

use std::hint::black_box;

use bytes::BytesMut;
use ndjson_stream::engine::NdjsonEngine;
use serde_json::value::RawValue;
use tidewire_bench::tally::Tally;
use tidewire_core::json::Ndjson;
use tidewire_core::{DecoderOptions, Frame, Record};
use tokio_util::codec::{Decoder, LinesCodec};

use super::Outcome;
use crate::chunks::Chunks;

pub(crate) fn tidewire<const CHECKED: bool>(chunks: &Chunks, tally: &mut Tally<CHECKED>) -> Outcome {
    each_record(chunks, false, |record| {
        tally.event(black_box(record).json.as_bytes());
        Ok(())
    })
}

pub(crate) fn tidewire_checked<const CHECKED: bool>(chunks: &Chunks, tally: &mut Tally<CHECKED>) -> Outcome {
    each_record(chunks, true, |record| {
        tally.event(black_box(record).json.as_bytes());
        Ok(())
    })
}

/// The codec itself, without the reader around it.
pub(crate) fn lines_codec<const CHECKED: bool>(chunks: &Chunks, tally: &mut Tally<CHECKED>) -> Outcome {
    each_line(chunks, |line| {
        tally.event(black_box(&line).as_bytes());
        Ok(())
    })
}

/// The engine itself; `RawValue` is the cheapest type that shows a record's text.
pub(crate) fn ndjson_stream<const CHECKED: bool>(chunks: &Chunks, tally: &mut Tally<CHECKED>) -> Outcome {
    let mut engine = NdjsonEngine::<Box<RawValue>>::new();
    for chunk in chunks.iter() {
        engine.input(chunk);
        while let Some(record) = engine.pop() {
            tally.event(black_box(&record?).get().as_bytes());
        }
    }
    Ok(())
}

#[inline(always)]
pub(crate) fn each_record(
    chunks: &Chunks,
    validate: bool,
    mut take: impl FnMut(&Record<'_>) -> Outcome,
) -> Outcome {
    let mut ndjson = Ndjson::new(DecoderOptions { validate, ..DecoderOptions::default() });
    for mut chunk in chunks.iter() {
        // The frame is not moved, as in `tidewire::each_event`.
        loop {
            match ndjson.next(&mut chunk) {
                Ok(Some(Frame::Record(ref record))) => take(record)?,
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}

#[inline(always)]
pub(crate) fn each_line(chunks: &Chunks, mut take: impl FnMut(String) -> Outcome) -> Outcome {
    let mut codec = LinesCodec::new();
    let mut buffer = BytesMut::new();
    for chunk in chunks.iter() {
        buffer.extend_from_slice(chunk);
        while let Some(line) = codec.decode(&mut buffer)? {
            take(line)?;
        }
    }
    Ok(())
}
