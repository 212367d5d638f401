//! The pauses between the events of a scenario.

use std::{iter, ops::Range, time::Duration};

use crate::serve::response::ScenarioRequest;

/// Equal pauses: `interval_ms`, or else the scenario's own `default_ms`.
pub(super) fn steady(
    request: &ScenarioRequest<'_>,
    default_ms: u64,
) -> impl Iterator<Item = Duration> + Send + 'static {
    iter::repeat(request.params.interval().unwrap_or(Duration::from_millis(default_ms)))
}

/// No pauses.
pub(super) fn none() -> impl Iterator<Item = Duration> + Send + 'static {
    iter::repeat(Duration::ZERO)
}

/// Pauses like those of a model: uneven within `range_ms`, yet the same in every run with the same `seed`.
pub(super) fn uneven(
    request: &ScenarioRequest<'_>,
    range_ms: Range<u64>,
) -> Box<dyn Iterator<Item = Duration> + Send + 'static> {
    match request.params.interval() {
        Some(pause) => Box::new(iter::repeat(pause)),
        None => {
            let span = range_ms.end - range_ms.start;
            let noise = split_mix(request.params.seed.unwrap_or(1));
            Box::new(noise.map(move |random| Duration::from_millis(range_ms.start + random % span)))
        }
    }
}

/// SplitMix64, a fixed sequence that looks random. Nothing depends on its quality.
fn split_mix(seed: u64) -> impl Iterator<Item = u64> + Send + 'static {
    iter::successors(Some(seed), |state| Some(state.wrapping_add(0x9E37_79B9_7F4A_7C15))).skip(1).map(
        |state| {
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            mixed ^ (mixed >> 31)
        },
    )
}
