//! How long to wait before connecting again.

use core::time::Duration;

use super::table::LONGEST_SERVER_WAIT;

/// The longest wait that the backoff itself chooses.
const CAP: Duration = Duration::from_secs(30);

/// Exponential backoff with full jitter: a wait drawn evenly from zero to `base · 2^failures`, at most 30 s, and never shorter
/// than the server asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff {
    failures: u32,
    /// The wait that the stream's `retry:` field asked for.
    asked: Duration,
}

impl Backoff {
    pub(super) const fn new() -> Self {
        Self { failures: 0, asked: Duration::ZERO }
    }

    pub(super) const fn failures(&self) -> u32 {
        self.failures
    }

    /// The stream's `retry:` field asks for this wait; one of more than a minute counts as a minute.
    pub(super) const fn ask(&mut self, wait: Duration) {
        self.asked = wait;
    }

    /// The wait that `retry:` asked for, if it is longer than the minute that is honoured.
    pub(super) fn asked_beyond(&self) -> Option<Duration> {
        Some(self.asked).filter(|asked| *asked > LONGEST_SERVER_WAIT)
    }

    pub(super) const fn reset(&mut self) {
        self.failures = 0;
    }

    /// The next wait. `chance` is evenly distributed over all its values.
    pub(super) fn next(&mut self, base: Duration, chance: u32, retry_after: Option<Duration>) -> Duration {
        let doubled = base.checked_mul(1 << self.failures.min(31)).unwrap_or(CAP);
        self.failures = self.failures.saturating_add(1);
        let bound = u64::try_from(doubled.min(CAP).as_micros()).unwrap_or(u64::MAX);
        // 30 s in microseconds times 2^32 is below 2^64.
        let jittered = Duration::from_micros((bound * u64::from(chance)) >> 32);
        jittered.max(self.asked.min(LONGEST_SERVER_WAIT)).max(retry_after.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: Duration = Duration::from_secs(1);

    #[test]
    fn doubles_to_the_cap_with_full_jitter() {
        let mut backoff = Backoff::new();
        let bounds: [u64; 7] =
            core::array::from_fn(|_| backoff.next(BASE, u32::MAX, None).as_millis() as u64);
        assert_eq!(bounds, [999, 1999, 3999, 7999, 15999, 29999, 29999]);
        assert_eq!(backoff.next(BASE, 0, None), Duration::ZERO);
        backoff.reset();
        assert_eq!(backoff.next(BASE, 1 << 31, None), Duration::from_millis(500));
    }

    #[test]
    fn what_the_server_asks_for_is_a_floor_up_to_a_minute() {
        let mut backoff = Backoff::new();
        backoff.ask(Duration::from_secs(45));
        assert_eq!(backoff.asked_beyond(), None);
        assert_eq!(backoff.next(BASE, u32::MAX, None), Duration::from_secs(45));
        assert_eq!(backoff.next(BASE, 0, Some(Duration::from_secs(50))), Duration::from_secs(50));
        backoff.ask(Duration::from_secs(60));
        assert_eq!(backoff.asked_beyond(), None);
        for beyond in [Duration::from_secs(61), Duration::from_secs(1_000_000), Duration::MAX] {
            backoff.ask(beyond);
            assert_eq!(backoff.next(BASE, u32::MAX, None), Duration::from_secs(60));
            assert_eq!(backoff.asked_beyond(), Some(beyond));
        }
    }

    #[test]
    fn no_number_of_failures_and_no_delay_overflows() {
        let mut backoff = Backoff::new();
        backoff.failures = u32::MAX;
        assert!(backoff.next(Duration::MAX, u32::MAX, None) < CAP);
    }
}
