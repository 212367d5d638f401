//! The table of reconnects: how the session reacts to heads, breaks, ends and time limits.

use core::time::Duration;

use super::action::{Action, Reason, Retry};
use super::input::{At, ContentType, Failure, Head};
use super::machine::{CleanEnd, Session, State};
use super::outcome::{Limit, Outcome, Refusal};
use super::policy::Resume;
use super::watchdog::Due;

/// A body that stayed open this long resets the backoff: a failure after it counts as the first in a row.
const STABLE_AFTER: Duration = Duration::from_secs(30);
/// Unless [`Policy::stall_after`](super::Policy::stall_after) says otherwise, a connection that was silent for this long may be dead.
pub const SUSPICIOUS_SILENCE: Duration = Duration::from_secs(15);
/// The longest wait that a server can ask for.
pub(super) const LONGEST_SERVER_WAIT: Duration = Duration::from_secs(60);
const UNAUTHORIZED: u16 = 401;
const TOO_MANY_REQUESTS: u16 = 429;
const SERVICE_UNAVAILABLE: u16 = 503;
const OVERLOADED: u16 = 529;

/// Why the current request cannot go on.
#[derive(Clone, Copy)]
struct Break {
    reason: Reason,
    /// The time limit that was passed, if it was one.
    limit: Option<Limit>,
}

impl Session {
    pub(super) fn connect(&mut self, now: Duration) -> Action {
        self.begun = self.begun.saturating_add(1);
        self.state = State::Connecting;
        self.watchdog.sent(now);
        if let Some(delivered) = &mut self.delivered {
            delivered.begin_attempt();
        }
        Action::Connect
    }

    pub(super) fn head(&mut self, at: At, head: Head) -> Action {
        self.watchdog.wire(at.now);
        // A reply that was complete stays complete if this response continues it from a cursor, but not if it starts over.
        if self.clean_end == CleanEnd::Completes && self.request_cursor().is_none() {
            self.clean_end = CleanEnd::Truncates;
        }
        let refused = |why| Outcome::Refused { status: head.status, why };
        match (head.status, head.content_type) {
            (200..=299, _) if self.total_passed(at.now) => self.close(Outcome::TimedOut(Limit::Total)),
            (204, _) => self.no_content(),
            (200..=299, ContentType::Refused) => self.close(refused(Refusal::ContentType)),
            (200..=299, ContentType::Missing) => {
                self.state = State::Untyped { status: head.status };
                Action::Nothing
            }
            (200..=299, ContentType::Accepted | ContentType::Assumed) => {
                self.unlabelled_and_empty = head.content_type == ContentType::Assumed;
                self.state = State::Open { since: at.now };
                self.refreshed = false;
                self.relayed |= head.relayed && self.policy.resume != Resume::Never;
                Action::Nothing
            }
            (UNAUTHORIZED, _) if self.may_refresh() => self.refresh(at),
            (408 | 425 | TOO_MANY_REQUESTS | 500 | 502 | SERVICE_UNAVAILABLE | 504 | OVERLOADED, _) => {
                let too_long = head.retry_after.filter(|wait| {
                    *wait > LONGEST_SERVER_WAIT || self.remaining(at.now).is_some_and(|rest| *wait > rest)
                });
                if let Some(wait) = too_long {
                    return self.close(refused(Refusal::RetryAfter(wait)));
                }
                let invited = matches!(head.status, TOO_MANY_REQUESTS | SERVICE_UNAVAILABLE | OVERLOADED)
                    && head.retry_after.is_some();
                let may = self.may_repeat() || (invited && self.policy.repeatable);
                self.retry(at, Reason::Status, may, head.retry_after, false)
                    .unwrap_or_else(|| self.close(refused(Refusal::Status)))
            }
            _ => self.close(refused(Refusal::Status)),
        }
    }

    /// A 204, or an empty body without a content type.
    pub(super) fn no_content(&mut self) -> Action {
        self.close(match self.clean_end {
            CleanEnd::Ends => Outcome::Ended,
            CleanEnd::Truncates => Outcome::Truncated,
            CleanEnd::Completes => Outcome::Complete,
        })
    }

    /// A body that has bytes, but no content type.
    pub(super) fn refuse_untyped(&mut self, status: u16) -> Action {
        self.close(Outcome::Refused { status, why: Refusal::ContentType })
    }

    pub(super) fn failed_to_open(&mut self, at: At, failure: Failure) -> Action {
        match failure {
            Failure::Connect | Failure::ConnectTimeout => {
                let used_up = match failure {
                    Failure::ConnectTimeout => Outcome::TimedOut(Limit::Connect),
                    _ => self.cut_off(),
                };
                // Nothing was sent, so nothing can be repeated; but a body that can be read only once is gone.
                let may = self.policy.repeatable || self.may_repeat();
                self.retry(at, Reason::Connect, may, None, false).unwrap_or_else(|| self.close(used_up))
            }
            Failure::Permanent => self.close(self.cut_off()),
            Failure::Head | Failure::Body => self.broke(at, Break { reason: Reason::Head, limit: None }),
        }
    }

    pub(super) fn broke_in_body(&mut self, at: At) -> Action {
        self.broke(at, Break { reason: Reason::Body, limit: None })
    }

    pub(super) fn body_end(&mut self, at: At, inside_record: bool) -> Action {
        match self.clean_end {
            _ if self.unlabelled_and_empty => return self.no_content(),
            CleanEnd::Completes if !inside_record => return self.close(Outcome::Complete),
            CleanEnd::Ends if !inside_record => {}
            CleanEnd::Completes | CleanEnd::Ends | CleanEnd::Truncates => {
                return self.broke(at, Break { reason: Reason::End, limit: None });
            }
        }
        self.note_stability(at.now);
        // What the relay keeps has ended; a subscription continues with the caller's own request.
        self.relayed = false;
        let may = self.policy.follow && self.may_repeat();
        self.retry(at, Reason::End, may, None, false).unwrap_or_else(|| self.close(Outcome::Ended))
    }

    /// The rows of the table that begin with a break, for a request that was sent.
    fn broke(&mut self, at: At, what: Break) -> Action {
        self.note_stability(at.now);
        let before_head = self.state == State::Connecting;
        let (may, gap) = if before_head || !self.any_record {
            (self.may_repeat(), false)
        } else if self.may_resume() && self.cursor.is_some() {
            (true, false)
        } else {
            (self.policy.follow && self.may_repeat(), true)
        };
        let closed = match what.limit {
            Some(limit) => Outcome::TimedOut(limit),
            None if before_head || may => self.cut_off(),
            None => Outcome::Truncated,
        };
        self.retry(at, what.reason, may, None, gap).unwrap_or_else(|| self.close(closed))
    }

    /// The response starts over although a cursor was requested. Until a record arrives, a further request still continues from that
    /// cursor.
    pub(super) fn cursor_lost(&mut self) -> Action {
        if self.any_record && !self.policy.follow {
            return self.close(Outcome::Truncated);
        }
        if self.clean_end == CleanEnd::Completes {
            self.clean_end = CleanEnd::Truncates;
        }
        Action::Nothing
    }

    pub(super) fn tick(&mut self, at: At) -> Action {
        if self.total_passed(at.now) {
            return self.close(Outcome::TimedOut(Limit::Total));
        }
        let Some((_, due)) = self.next_limit().filter(|(when, _)| at.now >= *when) else {
            return Action::Nothing;
        };
        let (reason, limit) = match due {
            Due::Stall => {
                self.watchdog.stall_reported();
                return Action::Stalled { silent: self.watchdog.silence(at.now) };
            }
            Due::Dead => return self.kick(at),
            Due::Cut(Limit::Progress) => (Reason::Progress, Limit::Progress),
            Due::Cut(Limit::FirstEvent) => (Reason::FirstEvent, Limit::FirstEvent),
            Due::Cut(_) => (Reason::Idle, Limit::Idle),
        };
        self.broke(at, Break { reason, limit: Some(limit) })
    }

    /// The limit that passes next, and when.
    pub(super) fn next_limit(&self) -> Option<(Duration, Due)> {
        // A record since the check may have taken away what the next request would continue from.
        let is_checked = self.watchdog.is_checked() && self.may_kick();
        self.watchdog.next(&self.policy, is_checked)
    }

    /// Connects again at once; does nothing if the request may not be sent again.
    pub(super) fn kick(&mut self, at: At) -> Action {
        if !self.may_kick() {
            return Action::Nothing;
        }
        let gap = self.any_record && !self.resumes();
        self.wait(at, Duration::ZERO, Reason::Kick, gap)
    }

    /// Whether the next request continues after the records so far.
    fn resumes(&self) -> bool {
        self.any_record && self.may_resume() && self.cursor.is_some()
    }

    fn may_kick(&self) -> bool {
        self.resumes() || (self.may_repeat() && (!self.any_record || self.policy.follow))
    }

    /// Gives the connection a moment to show that it is alive, if it was silent for long or the program was away for long. It may also be
    /// that the server has nothing to say, so another request must lose nothing; and a request without a record, whose answer may take
    /// long, is not repeated for its silence alone.
    pub(super) fn check(&mut self, now: Duration, away: Duration) -> Action {
        let suspicious = self.policy.stall_after.unwrap_or(SUSPICIOUS_SILENCE);
        let slept = away >= suspicious;
        let is_silent = slept || self.watchdog.silence(now) >= suspicious;
        let is_worth_it = slept || self.any_record || self.request_cursor().is_some();
        if is_silent && is_worth_it && self.may_kick() {
            self.watchdog.check(now);
        }
        Action::Nothing
    }

    /// The server no longer accepts the request's credentials: they are renewed and the request is sent again, which does not count
    /// as a retry.
    fn refresh(&mut self, at: At) -> Action {
        self.refreshed = true;
        self.refreshing = true;
        self.wait(at, Duration::ZERO, Reason::Status, false)
    }

    pub(super) fn refresh_failed(&mut self) -> Action {
        self.close(Outcome::Refused { status: UNAUTHORIZED, why: Refusal::Status })
    }

    /// Waits for a further request, if the table allows one and the attempts are not used up.
    fn retry(
        &mut self,
        at: At,
        reason: Reason,
        may: bool,
        retry_after: Option<Duration>,
        gap: bool,
    ) -> Option<Action> {
        if !may || (!self.policy.follow && self.backoff.failures() >= self.policy.retry_attempts) {
            return None;
        }
        let delay = self.backoff.next(self.policy.retry_delay, at.chance, retry_after);
        Some(self.wait(at, delay, reason, gap))
    }

    fn wait(&mut self, at: At, delay: Duration, reason: Reason, gap: bool) -> Action {
        self.state = State::Waiting { until: at.now.saturating_add(delay) };
        let attempt = self.begun.saturating_add(1);
        let asked = self.backoff.asked_beyond();
        Action::Wait(Retry { attempt, delay, reason, gap, refresh: self.refreshing, asked })
    }

    pub(super) fn close(&mut self, outcome: Outcome) -> Action {
        self.state = State::Closed(outcome);
        Action::Close
    }

    /// The outcome once the attempts are used up, if neither a status nor a time limit ended the last one.
    const fn cut_off(&self) -> Outcome {
        if self.any_record { Outcome::Truncated } else { Outcome::Unreachable }
    }

    /// Whether the request, as it would be sent now, can be sent twice without repeating work. That also holds for a request that the
    /// caller allows to resume from its cursor, and for a GET of a response that a relay keeps.
    fn may_repeat(&self) -> bool {
        if self.relayed {
            return true;
        }
        let resumes = self.any_record && self.cursor.is_some();
        match self.policy.resume {
            Resume::Elsewhere if resumes => true,
            Resume::Always if resumes => self.policy.repeatable,
            Resume::Auto | Resume::Never | Resume::Always | Resume::Elsewhere => {
                self.policy.repeatable && self.policy.idempotent
            }
        }
    }

    pub(super) fn may_resume(&self) -> bool {
        match self.policy.resume {
            Resume::Never => false,
            Resume::Elsewhere => true,
            Resume::Auto | Resume::Always if self.relayed => true,
            Resume::Auto => self.policy.repeatable && self.policy.idempotent,
            Resume::Always => self.policy.repeatable,
        }
    }

    /// Whether a further attempt may repeat records, so that their ids must be remembered.
    pub(super) fn may_ever_resume(&self) -> bool {
        self.may_resume() || self.may_repeat()
    }

    fn may_refresh(&self) -> bool {
        self.policy.refresh && !self.refreshed && (self.policy.repeatable || self.relayed)
    }

    fn note_stability(&mut self, now: Duration) {
        if let State::Open { since } = self.state
            && now.saturating_sub(since) >= STABLE_AFTER
        {
            self.backoff.reset();
        }
    }
}
