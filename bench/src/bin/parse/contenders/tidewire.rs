//! Tidewire's decoder, in the three ways in which its events are taken.

use std::hint::black_box;

use tidewire_bench::tally::Tally;
use tidewire_core::{Event, Frame, DecoderOptions, Sse};

use super::Outcome;
use crate::chunks::Chunks;

/// Data as the bytes that lie in the chunk: what the LLM dialects read.
pub(crate) fn lent<const CHECKED: bool>(chunks: &Chunks, tally: &mut Tally<CHECKED>) -> Outcome {
    each_event(chunks, |event| tally.event(black_box(event).data.as_bytes()))
}

/// Data as a `&str`, checked to be UTF-8.
pub(crate) fn text<const CHECKED: bool>(chunks: &Chunks, tally: &mut Tally<CHECKED>) -> Outcome {
    each_event(chunks, |event| tally.event(black_box(event).data.to_str().as_bytes()))
}

/// Events that may be kept: name, data and id as Strings.
pub(crate) fn owned<const CHECKED: bool>(chunks: &Chunks, tally: &mut Tally<CHECKED>) -> Outcome {
    each_event(chunks, |event| tally.event(black_box(&::tidewire::Event::from(*event)).data.as_bytes()))
}

/// As written in a hurry: each frame is moved out of the result, and the event out of the frame.
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

/// Matches the result where it lies. A frame that is moved is copied in wider pieces than it was written in, and each copy
/// waits for the writes before it (case `sse-tiny`, `tidewire-moved`).
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
