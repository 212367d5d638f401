//! The time limits of one request.

use super::rules::Rules;
use super::time::larger;

/// How long a connection that may be dead gets to show that it is not, in milliseconds.
const CHECK_MS: f64 = 1000.0;
/// What arrives so soon after the beginning of a check, in milliseconds, may have been waiting since before the connection died.
const STALE_MS: f64 = 250.0;
const NEVER: f64 = f64::INFINITY;

/// Measures silence, on a clock that runs only while the consumer asks for items. All times are milliseconds.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(super) struct Watchdog {
    /// When the consumer last began to ask for items; infinite while it does not ask.
    asking_since: f64,
    /// How long it asked in all before that.
    asked_before: f64,
    /// When the last byte arrived or the request was sent, on the watchdog's own clock.
    wire: f64,
    /// When the last record arrived or the request was sent.
    record: f64,
    /// The connection may be dead, and is taken for it then, on the watchdog's own clock; infinite if it is not checked.
    dead_at: f64,
    longest_silence: f64,
    /// Whether a record has arrived for the current request.
    any_record: bool,
    /// Whether the current silence has been reported.
    stall_reported: bool,
}

/// What is due when a limit passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Idle,
    FirstEvent,
    Progress,
    Stall,
    /// The connection is taken for dead.
    Dead,
}

impl Watchdog {
    pub(super) const fn new() -> Self {
        Self {
            asking_since: 0.0,
            asked_before: 0.0,
            wire: 0.0,
            record: 0.0,
            dead_at: NEVER,
            longest_silence: 0.0,
            any_record: false,
            stall_reported: false,
        }
    }

    /// A request was sent.
    pub(super) fn sent(&mut self, now: f64) {
        let clock = self.clock(now);
        (self.wire, self.record, self.any_record, self.stall_reported) = (clock, clock, false, false);
        self.dead_at = NEVER;
    }

    /// Bytes arrived.
    pub(super) fn wire(&mut self, now: f64) {
        self.settle(now);
        self.wire = self.clock(now);
        self.stall_reported = false;
        // They end a check, unless they show nothing.
        if self.dead_at - self.wire <= CHECK_MS - STALE_MS {
            self.dead_at = NEVER;
        }
    }

    /// Unless something arrives within a moment, the connection is taken for dead.
    pub(super) fn check(&mut self, now: f64) {
        if !self.is_checked() {
            self.dead_at = self.clock(now) + CHECK_MS;
        }
    }

    pub(super) const fn is_checked(&self) -> bool {
        self.dead_at < NEVER
    }

    /// A record arrived.
    #[inline]
    pub(super) fn record(&mut self, now: f64) {
        self.record = self.inlined_clock(now);
        self.any_record = true;
    }

    pub(super) fn pause(&mut self, now: f64) {
        self.asked_before = self.clock(now);
        self.asking_since = NEVER;
    }

    pub(super) const fn resume(&mut self, now: f64) {
        if self.asking_since == NEVER {
            self.asking_since = now;
        }
    }

    pub(super) const fn stall_reported(&mut self) {
        self.stall_reported = true;
    }

    pub(super) fn silence(&self, now: f64) -> f64 {
        self.clock(now) - self.wire
    }

    /// Counts the current silence towards the longest, because bytes arrived or the request is over.
    pub(super) fn settle(&mut self, now: f64) {
        self.longest_silence = self.longest_silence(now);
    }

    pub(super) const fn settled(&self) -> f64 {
        self.longest_silence
    }

    pub(super) fn longest_silence(&self, now: f64) -> f64 {
        larger(self.longest_silence, self.silence(now))
    }

    /// Which limit will pass first if nothing arrives, and when; never while the consumer does not ask. `is_checked`: that the connection is
    /// taken for dead counts as one.
    pub(super) fn next(&self, rules: &Rules, is_checked: bool) -> (f64, Due) {
        // Compared on the watchdog's own clock: limits that passed before a pause, without a tick, are due right after it, in order.
        let mut next = (self.wire + rules.idle_timeout, Due::Idle);
        let mut earlier = |point: f64, due: Due| {
            if point < next.0 {
                next = (point, due);
            }
        };
        if !self.any_record {
            earlier(self.record + rules.first_event_timeout, Due::FirstEvent);
        }
        earlier(self.record + rules.progress_timeout, Due::Progress);
        if !self.stall_reported {
            earlier(self.wire + rules.stall_after, Due::Stall);
        }
        if is_checked {
            earlier(self.dead_at, Due::Dead);
        }
        (self.asking_since + larger(next.0 - self.asked_before, 0.0), next.1)
    }

    /// The time on the watchdog's own clock.
    #[inline(never)]
    fn clock(&self, now: f64) -> f64 {
        self.inlined_clock(now)
    }

    /// Inlined only where it is called for every record.
    #[inline(always)]
    fn inlined_clock(&self, now: f64) -> f64 {
        if self.asking_since < now {
            self.asked_before + (now - self.asking_since)
        } else {
            self.asked_before
        }
    }
}
