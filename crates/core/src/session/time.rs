//! Times: as [`Duration`]s for callers, and as numbers of milliseconds for the session, which is compiled for browsers too.

use core::time::Duration;

/// When something happened, and a random number for the jitter of a wait that may follow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct At {
    /// Milliseconds since an origin that does not move.
    pub now: f64,
    /// A random number, evenly distributed over all `u32`.
    pub chance: u32,
}

impl At {
    /// A time after an origin that does not move, in whole microseconds: then differences of [`time`](Self::time) and those of `now` agree.
    #[must_use]
    #[inline]
    pub const fn new(now: Duration, chance: u32) -> Self {
        Self { now: now.as_secs() as f64 * 1000.0 + now.subsec_micros() as f64 / 1000.0, chance }
    }

    /// The time since the origin, in whole microseconds.
    #[must_use]
    #[inline]
    pub fn time(&self) -> Duration {
        duration(self.now)
    }
}

/// Milliseconds.
#[inline]
pub(crate) const fn ms(time: Duration) -> f64 {
    time.as_secs() as f64 * 1000.0 + time.subsec_nanos() as f64 / 1_000_000.0
}

/// A time to the nearest microsecond; below zero it is zero, and too long it is the longest.
pub(crate) fn duration(ms: f64) -> Duration {
    // A float becomes the nearest number that there is.
    let seconds = (ms / 1000.0) as u64;
    let micros = (ms - seconds as f64 * 1000.0) * 1000.0 + 0.5;
    Duration::from_secs(seconds).saturating_add(Duration::from_micros(micros as u64))
}

/// A point in time that is not before `ms`; `None` for never.
pub(crate) fn point(at: f64) -> Option<Duration> {
    let near = duration(at);
    let point = if ms(near) < at { near.saturating_add(Duration::from_micros(1)) } else { near };
    (at < f64::INFINITY).then_some(point)
}

/// The smaller of two numbers. `f64::min` would be a call in WebAssembly.
#[inline]
pub(super) const fn smaller(one: f64, other: f64) -> f64 {
    if one < other { one } else { other }
}

/// The larger of two numbers.
#[inline]
pub(super) const fn larger(one: f64, other: f64) -> f64 {
    if one > other { one } else { other }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_back() {
        let rows = [
            (0.0, Duration::ZERO),
            (-1.0, Duration::ZERO),
            (f64::NAN, Duration::ZERO),
            (1.5, Duration::from_micros(1_500)),
            (999.999, Duration::from_micros(999_999)),
            (0.000_4, Duration::ZERO),
            (300_000.0, Duration::from_secs(300)),
            (f64::INFINITY, Duration::MAX),
        ];
        for (number, time) in rows {
            let found = duration(number);
            assert!(
                found == time || (time == Duration::MAX && found.as_secs() == u64::MAX),
                "{number}: {found:?}"
            );
        }
        for time in [0, 1, 999, 1_000_001, 86_400_000_123, 1 << 50] {
            let time = Duration::from_micros(time);
            assert_eq!(duration(ms(time)), time);
        }
    }

    #[test]
    fn a_deadline_has_passed_when_it_is_reached() {
        assert_eq!(point(f64::INFINITY), None);
        for nanos in (0..2_000_000).step_by(777) {
            let at = ms(Duration::from_nanos(nanos)) + 0.1;
            let reached = point(at).unwrap();
            assert!(ms(reached) >= at && ms(reached) < at + 0.0021, "{nanos}");
            assert!(At::new(reached, 0).now >= at, "{nanos}");
        }
    }

    #[test]
    fn what_is_measured_by_points_and_by_numbers_is_the_same() {
        let mut nanos = 1_u64;
        for _ in 0..10_000 {
            nanos = nanos.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Up to 13 days.
            let [from, to] = [nanos >> 15, nanos >> 14].map(|nanos| At::new(Duration::from_nanos(nanos), 0));
            assert_eq!(duration(to.now - from.now), to.time() - from.time(), "{nanos}");
        }
    }
}
