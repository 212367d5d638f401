//! Whether another request follows, and when.

use super::action::{Reason, Todo};
use super::facts::{End, State};
use super::outcome::Limit;
use super::policy::Resume;
use super::rules::Rules;
use super::session::Session;
use super::time::At;

/// A body that stayed open this long resets the backoff: a failure after it counts as the first in a row.
const STABLE_AFTER_MS: f64 = 30_000.0;

impl Session {
    /// The rows of the table of reconnects that begin with a break, for a request that was sent. `limit` is the time limit that was passed, if
    /// it was one.
    pub(super) fn broke_off(&mut self, at: At, reason: Reason, limit: Option<Limit>) {
        self.note_stability(at.now);
        let before_head = self.facts.state == State::Connecting;
        let (may, gap) = if before_head || !self.any_record {
            (self.may_repeat(), false)
        } else if self.may_resume() && !self.cursor.is_empty() {
            (true, false)
        } else {
            (self.rules.follow && self.may_repeat(), true)
        };
        if self.retry(at, reason, may, -1.0, gap) {
        } else if let Some(limit) = limit {
            self.time_out(at.now, limit);
        } else if before_head || may {
            self.cut_off(at.now);
        } else {
            self.close(at.now, End::Truncated);
        }
    }

    /// Waits for a further request, if the table allows one and the attempts are not used up. `retry_after` is the wait that the response asked
    /// for, negative if it asked for none.
    pub(super) fn retry(&mut self, at: At, reason: Reason, may: bool, retry_after: f64, gap: bool) -> bool {
        let may = may && (self.rules.follow || self.backoff.failures() < self.rules.retry_attempts);
        if may {
            let delay = self.backoff.next(self.rules.retry_delay, at.chance, retry_after);
            self.wait(at.now, delay, reason, gap);
        }
        may
    }

    pub(super) fn wait(&mut self, now: f64, delay: f64, reason: Reason, gap: bool) {
        self.leave(now);
        let facts = &mut self.facts;
        facts.state = State::Waiting;
        facts.attempt = self.begun + 1;
        facts.delay = delay;
        facts.reason = reason;
        facts.asked = self.backoff.asked_beyond();
        self.until = now + delay;
        self.todo |= Todo::RETRY;
        if gap {
            self.facts.gap_from_start = false;
            self.todo |= Todo::GAP;
        }
    }

    /// The attempts are used up, and neither a status nor a time limit ended the last one.
    pub(super) fn cut_off(&mut self, now: f64) {
        self.close(now, if self.any_record { End::Truncated } else { End::Unreachable });
    }

    /// Connects again at once; does nothing if the request may not be sent again.
    pub fn kick(&mut self, at: At) {
        self.conclude(at);
        if self.facts.state == State::Waiting {
            self.until = at.now;
        } else if self.is_listening() {
            self.kick_request(at.now);
        }
    }

    pub(super) fn kick_request(&mut self, now: f64) {
        if self.may_kick() {
            let gap = self.any_record && !self.resumes();
            self.wait(now, 0.0, Reason::Kick, gap);
        }
    }

    /// The caller stops the stream.
    pub fn cancel(&mut self, at: At) {
        self.conclude(at);
        match self.facts.state {
            State::Refused => self.facts.state = State::Closed,
            State::Closed => {}
            _ => self.close(at.now, End::Cancelled),
        }
    }

    /// Whether the next request continues after the records so far.
    fn resumes(&self) -> bool {
        self.any_record && self.may_resume() && !self.cursor.is_empty()
    }

    pub(super) fn may_kick(&self) -> bool {
        self.resumes() || (self.may_repeat() && (!self.any_record || self.rules.follow))
    }

    /// Whether the request, as it would be sent now, can be sent twice without repeating work. That also holds for a request that the
    /// caller allows to resume from its cursor, and for a GET of a response that a relay keeps.
    pub(super) fn may_repeat(&self) -> bool {
        let Rules { resume, repeatable, idempotent, .. } = self.rules;
        let resumes = self.any_record && !self.cursor.is_empty();
        self.facts.at_relay
            || (resumes && resume == Resume::Elsewhere)
            || (repeatable && (idempotent || (resumes && resume == Resume::Always)))
    }

    pub(super) fn may_resume(&self) -> bool {
        let Rules { resume, repeatable, idempotent, .. } = self.rules;
        match resume {
            Resume::Never => false,
            Resume::Elsewhere => true,
            Resume::Auto | Resume::Always => {
                self.facts.at_relay || (repeatable && (idempotent || resume == Resume::Always))
            }
        }
    }

    /// Whether a further attempt may repeat records, so that their ids must be remembered.
    pub(super) fn may_ever_resume(&self) -> bool {
        self.may_resume() || self.may_repeat()
    }

    pub(super) fn may_refresh(&self) -> bool {
        self.rules.refresh && !self.refreshed && (self.rules.repeatable || self.facts.at_relay)
    }

    pub(super) fn note_stability(&mut self, now: f64) {
        if self.facts.state == State::Open && now - self.since >= STABLE_AFTER_MS {
            self.backoff.reset();
        }
    }
}
