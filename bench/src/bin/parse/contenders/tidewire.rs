//! Tidewire's decoder, with its events taken in four ways.

use std::hint::black_box;

use tidewire_bench::tally::Tally;
use tidewire_core::{DecoderOptions, Event, Frame, Sse};

use super::Outcome;
use crate::chunks::Chunks;

/// Data as bytes lent from the chunk, which is what the LLM dialects read.
pub(crate) fn lent<const CHECKED: bool>(chunks: &Chunks, tally: &mut Tally<CHECKED>) -> Outcome {
    each_event(chunks, |event| tally.event(black_box(event).data.as_bytes()))
}

/// Data as a `&str`, checked to be UTF-8.
pub(crate) fn text<const CHECKED: bool>(chunks: &Chunks, tally: &mut Tally<CHECKED>) -> Outcome {
    each_event(chunks, |event| tally.event(black_box(event).data.to_str().as_bytes()))
}

/// Events that the caller may keep: name, data and id as Strings.
pub(crate) fn owned<const CHECKED: bool>(chunks: &Chunks, tally: &mut Tally<CHECKED>) -> Outcome {
    each_event(chunks, |event| tally.event(black_box(&::tidewire::Event::from(*event)).data.as_bytes()))
}

/// The shortest code: it moves each frame out of the result, and the event out of the frame.
pub(crate) fn moved<const CHECKED: bool>(chunks: &Chunks, tally: &mut Tally<CHECKED>) -> Outcome {
    let mut sse = Sse::new(DecoderOptions::default());
    for mut chunk in chunks.iter() {
        while let Some(frame) = sse.next(&mut chunk)? {
            if let Frame::Event(event) = frame {
                tally.event(black_box(&event).data.as_bytes());
            }
        }
    }
    Ok(())
}

/// Matches the result in place. To move a frame is to copy it in wider pieces than it was written in, and each copy waits
/// for the writes before it (case `sse-tiny`, `tidewire-moved`).
#[inline(always)]
fn each_event(chunks: &Chunks, mut take: impl FnMut(&Event<'_>)) -> Outcome {
    let mut sse = Sse::new(DecoderOptions::default());
    for mut chunk in chunks.iter() {
        loop {
            match sse.next(&mut chunk) {
                Ok(Some(Frame::Event(ref event))) => take(event),
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}
