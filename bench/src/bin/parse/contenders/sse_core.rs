//! sse-core: its bare decoder, without the stream around it, over slices (faster than over `Bytes`).

use std::hint::black_box;
use std::num::NonZeroUsize;

use sse_core::{SseDecoder, SseEvent};
use tidewire_bench::tally::Tally;

use super::Outcome;
use crate::chunks::Chunks;

/// Tidewire's default. sse-core's own limit of 512 KiB would refuse the large events.
const LIMIT: NonZeroUsize = NonZeroUsize::new(16 << 20).unwrap();

pub(crate) fn run<const CHECKED: bool>(chunks: &Chunks, tally: &mut Tally<CHECKED>) -> Outcome {
    let mut decoder = SseDecoder::with_limit(LIMIT);
    for mut chunk in chunks.iter() {
        while let Some(event) = decoder.next(&mut chunk) {
            if let SseEvent::Message(event) = event? {
                tally.event(black_box(&event).data.as_bytes());
            }
        }
    }
    Ok(())
}
