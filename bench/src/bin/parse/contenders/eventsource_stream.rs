//! eventsource-stream: its extension trait for streams of bytes, over slices.

use std::hint::black_box;

use eventsource_stream::Eventsource;
use tidewire_bench::tally::Tally;

use super::{Outcome, ready};
use crate::chunks::Chunks;

pub(crate) fn run<const CHECKED: bool>(chunks: &Chunks, tally: &mut Tally<CHECKED>) -> Outcome {
    ready::drain(ready::stream_of(chunks).eventsource(), |event| {
        tally.event(black_box(&event?).data.as_bytes());
        Ok(())
    })
}
