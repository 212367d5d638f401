//! The passing of time: limits, stalls, and absences of the program.

use super::action::{Reason, Todo};
use super::facts::State;
use super::outcome::Limit;
use super::session::Session;
use super::time::At;
use super::watchdog::Due;

/// Unless [`Policy::stall_after`](super::Policy::stall_after) says otherwise, a connection that was silent for this long may be dead.
pub const SUSPICIOUS_SILENCE: core::time::Duration = core::time::Duration::from_secs(15);
const SUSPICIOUS_SILENCE_MS: f64 = 15_000.0;

impl Session {
    /// Time has passed. To be called by the time of [`due`](Self::due).
    pub fn tick(&mut self, at: At) {
        self.conclude(at);
        let now = at.now;
        match self.facts.state {
            State::Idle | State::Closed => {}
            State::Refused => {
                if now >= self.until {
                    self.facts.state = State::Closed;
                }
            }
            _ if self.total_passed(now) => self.time_out(now, Limit::Total),
            State::Waiting => {
                if now >= self.until {
                    self.connect(now);
                }
            }
            State::Connecting | State::Open | State::Untyped => {
                let (when, due) = self.next_limit();
                if now >= when && self.is_listening() {
                    self.pass(at, due);
                }
            }
        }
    }

    /// A limit has passed.
    fn pass(&mut self, at: At, due: Due) {
        let (reason, limit) = match due {
            Due::Stall => {
                self.watchdog.stall_reported();
                self.facts.silent = self.watchdog.silence(at.now);
                self.todo |= Todo::STALLED;
                return;
            }
            Due::Dead => return self.kick_request(at.now),
            Due::Progress => (Reason::Progress, Limit::Progress),
            Due::FirstEvent => (Reason::FirstEvent, Limit::FirstEvent),
            Due::Idle => (Reason::Idle, Limit::Idle),
        };
        self.broke_off(at, reason, Some(limit));
    }

    /// When the next limit passes, and which.
    pub(super) fn next_limit(&self) -> (f64, Due) {
        // A record since the check may have taken away what the next request would continue from.
        let is_checked = self.watchdog.is_checked() && self.may_kick();
        self.watchdog.next(&self.rules, is_checked)
    }

    /// The consumer stops asking for items; only the time limit on the whole stream keeps running.
    pub fn pause(&mut self, now: f64) {
        self.watchdog.pause(now);
    }

    /// The consumer asks again.
    pub fn resume(&mut self, now: f64) {
        self.watchdog.resume(now);
    }

    /// The program is back after an absence of so many milliseconds: a stream that waits connects now. A connection that was silent for long, or
    /// whose program was away for long, gets a moment to show that it is alive. It may also be that the server has nothing to say, so another
    /// request must lose nothing; and a request without a record, whose answer may take long, is not repeated for its silence alone.
    pub fn check(&mut self, at: At, away: f64) {
        self.conclude(at);
        if self.facts.state == State::Waiting {
            self.until = at.now;
        }
        if !self.is_listening() {
            return;
        }
        let stall_after = self.rules.stall_after;
        let suspicious = if stall_after < f64::INFINITY { stall_after } else { SUSPICIOUS_SILENCE_MS };
        let slept = away >= suspicious;
        let is_silent = slept || self.watchdog.silence(at.now) >= suspicious;
        let is_worth_it = slept || self.any_record || !self.request_cursor().is_empty();
        if is_silent && is_worth_it && self.may_kick() {
            self.watchdog.check(at.now);
        }
    }
}
