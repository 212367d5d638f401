//! How fast a scenario is.

use std::{iter, ops::Range, time::Duration};

use crate::serve::scenario::Request;

/// The pauses between events: `interval_ms`, or else the scenario's own `default`.
pub(super) fn steady(
    request: &Request<'_>,
    default_ms: u64,
) -> impl Iterator<Item = Duration> + Send + 'static {
    iter::repeat(request.tuning.interval().unwrap_or(Duration::from_millis(default_ms)))
}

/// Pauses as a model makes them: uneven within `range_ms`, yet the same in every run with the same `seed`.
pub(super) fn uneven(
    request: &Request<'_>,
    range_ms: Range<u64>,
) -> Box<dyn Iterator<Item = Duration> + Send + 'static> {
    match request.tuning.interval() {
        Some(pause) => Box::new(iter::repeat(pause)),
        None => {
            let span = range_ms.end - range_ms.start;
            let noise = splitmix(request.tuning.seed.unwrap_or(1));
            Box::new(noise.map(move |random| Duration::from_millis(range_ms.start + random % span)))
        }
    }
}

/// SplitMix64: a fixed sequence that looks random; nothing depends on its quality.
fn splitmix(seed: u64) -> impl Iterator<Item = u64> + Send + 'static {
    iter::successors(Some(seed), |state| Some(state.wrapping_add(0x9E37_79B9_7F4A_7C15))).skip(1).map(
        |state| {
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            mixed ^ (mixed >> 31)
        },
    )
}
