//! How long to wait before connecting again.

use super::opening::LONGEST_SERVER_WAIT;
use super::time::{larger, smaller};

/// The longest wait that the backoff itself chooses, in milliseconds.
const CAP: f64 = 30_000.0;

/// Exponential backoff with full jitter: a wait drawn evenly from zero to `base · 2^failures`, at most 30 s, and never shorter
/// than the server asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff {
    /// The wait that the stream's `retry:` field asked for, in milliseconds.
    asked: f64,
    failures: u32,
}

impl Backoff {
    pub(super) const fn new() -> Self {
        Self { failures: 0, asked: 0.0 }
    }

    pub(super) const fn failures(&self) -> u32 {
        self.failures
    }

    /// The stream's `retry:` field asks for this wait; one of more than a minute counts as a minute.
    pub(super) const fn ask(&mut self, wait: f64) {
        self.asked = wait;
    }

    /// The wait that `retry:` asked for, if it is longer than the minute that is honoured; otherwise 0.
    pub(super) fn asked_beyond(&self) -> f64 {
        if self.asked > LONGEST_SERVER_WAIT { self.asked } else { 0.0 }
    }

    #[inline]
    pub(super) const fn reset(&mut self) {
        self.failures = 0;
    }

    /// The next wait in milliseconds. `chance` is evenly distributed over all its values; `retry_after` is negative if a response asked for
    /// no wait.
    pub(super) fn next(&mut self, base: f64, chance: u32, retry_after: f64) -> f64 {
        let bound = smaller(base * (1_u64 << smaller(self.failures.into(), 31.0) as u32) as f64, CAP);
        self.failures = self.failures.saturating_add(1);
        // In whole microseconds: 30 s of them times 2^32 is below 2^64.
        let jittered = (((bound * 1000.0) as u64 * u64::from(chance)) >> 32) as f64 / 1000.0;
        larger(larger(jittered, smaller(self.asked, LONGEST_SERVER_WAIT)), retry_after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: f64 = 1000.0;

    #[test]
    fn doubles_to_the_cap_with_full_jitter() {
        let mut backoff = Backoff::new();
        let bounds: [u64; 7] = core::array::from_fn(|_| backoff.next(BASE, u32::MAX, -1.0) as u64);
        assert_eq!(bounds, [999, 1999, 3999, 7999, 15999, 29999, 29999]);
        assert_eq!(backoff.next(BASE, 0, -1.0), 0.0);
        backoff.reset();
        assert_eq!(backoff.next(BASE, 1 << 31, -1.0), 500.0);
    }

    #[test]
    fn what_the_server_asks_for_is_a_floor_up_to_a_minute() {
        let mut backoff = Backoff::new();
        backoff.ask(45_000.0);
        assert_eq!(backoff.asked_beyond(), 0.0);
        assert_eq!(backoff.next(BASE, u32::MAX, -1.0), 45_000.0);
        assert_eq!(backoff.next(BASE, 0, 50_000.0), 50_000.0);
        backoff.ask(60_000.0);
        assert_eq!(backoff.asked_beyond(), 0.0);
        for beyond in [61_000.0, 1e9, u64::MAX as f64] {
            backoff.ask(beyond);
            assert_eq!(backoff.next(BASE, u32::MAX, -1.0), 60_000.0);
            assert_eq!(backoff.asked_beyond(), beyond);
        }
    }

    #[test]
    fn no_number_of_failures_and_no_delay_overflows() {
        let mut backoff = Backoff::new();
        backoff.failures = u32::MAX;
        assert!(backoff.next(f64::MAX, u32::MAX, -1.0) < CAP);
        assert!(backoff.next(f64::INFINITY, u32::MAX, -1.0) < CAP);
    }
}
