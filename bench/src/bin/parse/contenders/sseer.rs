//! sseer: `EventStream`. It takes `Bytes`; these point to static memory, which saves it reference counting.

use std::hint::black_box;

use bytes::Bytes;
use futures_util::stream;
use sseer::EventStream;
use tidewire_bench::tally::Tally;

use super::{Outcome, ready};
use crate::chunks::Chunks;

pub(crate) fn run<const CHECKED: bool>(chunks: &Chunks, tally: &mut Tally<CHECKED>) -> Outcome {
    let chunks =
        stream::iter(chunks.iter().map(|chunk| Ok::<_, std::convert::Infallible>(Bytes::from_static(chunk))));
    ready::drain(EventStream::new(chunks), |event| {
        tally.event(black_box(&event?).data.as_bytes());
        Ok(())
    })
}
