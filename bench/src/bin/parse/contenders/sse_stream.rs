//! sse-stream: `SseByteStream`, which its documentation prefers for bytes, over slices.

use std::hint::black_box;

use sse_stream::SseByteStream;
use tidewire_bench::tally::Tally;

use super::{Outcome, ready};
use crate::chunks::Chunks;

pub(crate) fn run<const CHECKED: bool>(chunks: &Chunks, tally: &mut Tally<CHECKED>) -> Outcome {
    ready::drain(SseByteStream::new(ready::stream_of(chunks)), |event| {
        if let Some(data) = &black_box(&event?).data {
            tally.event(data.as_bytes());
        }
        Ok(())
    })
}
