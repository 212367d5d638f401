//! The time limits of one request.

use core::time::Duration;

use super::outcome::Limit;
use super::policy::Policy;

/// How long a connection that may be dead gets to show that it is not, in milliseconds.
const CHECK_MS: u32 = 1000;
/// What arrives so soon after the beginning of a check, in milliseconds, may have been waiting since before the connection died.
const STALE_MS: u32 = 250;

/// Measures silence, on a clock that runs only while the consumer asks for items.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watchdog {
    /// When the consumer last began to ask for items; `None` while it does not ask.
    asking_since: Option<Duration>,
    /// How long it asked in all before that.
    asked_before: Duration,
    /// When the last byte arrived or the request was sent, on the watchdog's own clock.
    wire: Duration,
    /// When the last record arrived or the request was sent.
    record: Duration,
    /// Whether a record has arrived for the current request.
    any_record: bool,
    /// Whether the current silence has been reported.
    stall_reported: bool,
    /// If not 0: the connection may be dead, and is taken for it then, in milliseconds on the watchdog's own clock.
    dead_at_ms: u32,
    longest_silence: Duration,
}

/// What is due when a limit passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Cut(Limit),
    Stall,
    /// The connection is taken for dead.
    Dead,
}

impl Watchdog {
    pub(super) const fn new() -> Self {
        Self {
            asking_since: Some(Duration::ZERO),
            asked_before: Duration::ZERO,
            wire: Duration::ZERO,
            record: Duration::ZERO,
            any_record: false,
            stall_reported: false,
            dead_at_ms: 0,
            longest_silence: Duration::ZERO,
        }
    }

    /// A request was sent.
    pub(super) fn sent(&mut self, now: Duration) {
        let clock = self.clock(now);
        (self.wire, self.record, self.any_record, self.stall_reported) = (clock, clock, false, false);
        self.dead_at_ms = 0;
    }

    /// Bytes arrived.
    pub(super) fn wire(&mut self, now: Duration) {
        self.settle(now);
        self.wire = self.clock(now);
        self.stall_reported = false;
        if self.is_checked() {
            self.end_check(now);
        }
    }

    /// Unless something arrives within a moment, the connection is taken for dead.
    pub(super) fn check(&mut self, now: Duration) {
        if self.dead_at_ms == 0 {
            self.dead_at_ms = self.clock_ms(now) + CHECK_MS;
        }
    }

    pub(super) const fn is_checked(&self) -> bool {
        self.dead_at_ms > 0
    }

    /// Bytes end the check, unless they show nothing.
    #[cold]
    fn end_check(&mut self, now: Duration) {
        if self.dead_at_ms.saturating_sub(self.clock_ms(now)) <= CHECK_MS - STALE_MS {
            self.dead_at_ms = 0;
        }
    }

    /// At most 46 days: a number that leaves room for the check. After that, a check takes the connection for dead at once.
    fn clock_ms(&self, now: Duration) -> u32 {
        let clock = self.clock(now);
        u32::try_from(clock.as_secs().min(4_000_000)).unwrap_or_default() * 1000 + clock.subsec_millis()
    }

    /// A record arrived.
    #[inline]
    pub(super) fn record(&mut self, now: Duration) {
        self.record = self.clock(now);
        self.any_record = true;
    }

    pub(super) fn pause(&mut self, now: Duration) {
        self.asked_before = self.clock(now);
        self.asking_since = None;
    }

    pub(super) fn resume(&mut self, now: Duration) {
        self.asking_since.get_or_insert(now);
    }

    pub(super) const fn stall_reported(&mut self) {
        self.stall_reported = true;
    }

    pub(super) fn silence(&self, now: Duration) -> Duration {
        self.clock(now).saturating_sub(self.wire)
    }

    /// Counts the current silence towards the longest, because bytes arrived or the request is over.
    pub(super) fn settle(&mut self, now: Duration) {
        self.longest_silence = self.longest_silence(now);
    }

    pub(super) const fn settled(&self) -> Duration {
        self.longest_silence
    }

    pub(super) fn longest_silence(&self, now: Duration) -> Duration {
        self.longest_silence.max(self.silence(now))
    }

    /// Which limit will pass first if nothing arrives, and when. `is_checked`: that the connection is taken for dead counts as one.
    pub(super) fn next(&self, policy: &Policy, is_checked: bool) -> Option<(Duration, Due)> {
        let asking_since = self.asking_since?;
        let first_event = policy.first_event_timeout.filter(|_| !self.any_record);
        let stall = policy.stall_after.filter(|_| !self.stall_reported);
        let limits = [
            (policy.idle_timeout, self.wire, Due::Cut(Limit::Idle)),
            (first_event, self.record, Due::Cut(Limit::FirstEvent)),
            (policy.progress_timeout, self.record, Due::Cut(Limit::Progress)),
            (stall, self.wire, Due::Stall),
        ];
        // Compared on the watchdog's own clock: limits that passed before a pause, without a tick, are due right after it, in order.
        let mut next: Option<(Duration, Due)> = None;
        for (limit, from, due) in limits {
            // Called after each piece of a body, and most streams have one limit.
            let Some(limit) = limit else { continue };
            let point = from.saturating_add(limit);
            if next.is_none_or(|(first, _)| point < first) {
                next = Some((point, due));
            }
        }
        if is_checked {
            let point = Duration::from_millis(self.dead_at_ms.into());
            if next.is_none_or(|(first, _)| point < first) {
                next = Some((point, Due::Dead));
            }
        }
        next.map(|(point, due)| (asking_since.saturating_add(point.saturating_sub(self.asked_before)), due))
    }

    #[inline]
    fn clock(&self, now: Duration) -> Duration {
        match self.asking_since {
            Some(since) if since < now => self.asked_before + now.saturating_sub(since),
            _ => self.asked_before,
        }
    }
}
