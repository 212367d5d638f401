//! When to connect, wait, resume and give up: one state machine for every platform.
//!
//! It does nothing itself. A driver tells it what happened ([`Input`]) and when, and carries out what it answers
//! ([`Action`]). Time is a [`Duration`] since any origin that does not move; chance is a number that the driver draws.

mod backoff;
mod outcome;
mod policy;
mod retry_after;
#[cfg(test)]
mod tests;
mod watch;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

use backoff::Backoff;
pub use outcome::{Limit, Outcome, Refusal};
pub use policy::{Policy, Resume};
pub use retry_after::retry_after;
use watch::{Due, Watch};

/// A body that has stood this long has worked: what fails after it is a new failure.
const STOOD: Duration = Duration::from_secs(30);
/// A server that asks to wait longer is not waited for.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60);
const TOO_MANY_REQUESTS: u16 = 429;
const SERVICE_UNAVAILABLE: u16 = 503;
const OVERLOADED: u16 = 529;

/// When something happened, and a number evenly drawn from all `u32` for the jitter of a wait that may follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// Time since an origin that does not move.
    pub now: Duration,
    /// The draw.
    pub chance: u32,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Input<'a> {
    /// The consumer wants the stream.
    Start,
    /// The reply's head came.
    Head(Head),
    /// Bytes of the body came, whatever they say.
    Wire,
    /// A record came. `cursor` is where to resume behind it: `None` where it says nothing of that, empty where it says that
    /// there is no such place.
    Record {
        /// The cursor in effect.
        cursor: Option<&'a str>,
    },
    /// The cursor changed without a record.
    Cursor(&'a str),
    /// The reply whose head came was asked for without the cursor, which was lost on the way: it begins anew.
    CursorLost,
    /// The stream asked for this wait before connecting again.
    Retry(Duration),
    /// The end marker came.
    EndMarker,
    /// A record came that says that the peer failed.
    FailureMarker,
    /// The body ended cleanly.
    BodyEnd {
        /// In the midst of a record.
        inside_record: bool,
    },
    /// The transport failed.
    Broken(Failure),
    /// The body cannot be decoded further.
    Unreadable {
        /// Where, in bytes of the decoded body.
        offset: u64,
        /// The limit that a record outgrew.
        limit: Option<usize>,
    },
    /// Time has passed; to be said at [`Session::deadline`] at the latest.
    Tick,
    /// The consumer asks for nothing; only the limit of the whole stream goes on.
    Pause,
    /// The consumer asks again.
    Resume,
    /// Connect now: the network has come back, or the caller wants it.
    Kick,
    /// There was no place for the stream on the client in time.
    QueueTimeout,
    /// The caller stops the stream.
    Cancel,
}

/// What of a reply's head decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The HTTP status.
    pub status: u16,
    /// Whether the content type is one that the consumer reads.
    pub acceptable: bool,
    /// `Retry-After`, as [`retry_after`] reads it.
    pub retry_after: Option<Duration>,
}

/// Where the transport failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// Before the request was sent: DNS, connect, TLS.
    Connect,
    /// The same, for the limit of time on it.
    ConnectTimeout,
    /// After sending, before a head.
    Head,
    /// Inside the body.
    Body,
}

/// What the driver has to do now. `Wait` and `Close` drop the request that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Nothing, until the next input or the [deadline](Session::deadline).
    Nothing,
    /// Send the request, with [`Session::request_cursor`].
    Connect,
    /// Wait for the deadline, then connect again.
    Wait(Retry),
    /// Tell of a silence on the wire.
    Stalled {
        /// How long it has lasted.
        silent: Duration,
    },
    /// The stream is over; see [`Session::outcome`].
    Close,
}

/// A further request, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Which request of the stream it will be; the first was 1.
    pub attempt: u32,
    /// How long to wait before it.
    pub delay: Duration,
    /// What made it necessary.
    pub reason: Reason,
    /// Records may have been lost: some had come, and there is no cursor to resume behind.
    pub gap: bool,
}

/// Why a further request is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// No connection.
    Connect,
    /// The connection broke before the head.
    Head,
    /// The body broke.
    Body,
    /// A status that says to come back.
    Status,
    /// A clean end where more was to come.
    End,
    /// Silence on the wire.
    Idle,
    /// Silence of records.
    Progress,
    /// No first record.
    FirstEvent,
    /// The caller wanted it.
    Kick,
}

/// ```text
///             ┌─────────────── open ──────────────┐
/// Idle ─▶ Connecting ─▶ Open ─▶ Waiting{until} ─▶ Connecting …      any ─▶ Closed(outcome)
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    Connecting,
    Open { since: Duration },
    Waiting { until: Duration },
    Closed(Outcome),
}

/// What broke, for the table of reconnects.
#[derive(Clone, Copy)]
struct Break {
    reason: Reason,
    /// The limit of time that was passed.
    limit: Option<Limit>,
}

/// The life of one stream over all its requests.
///
/// ```
/// use std::time::Duration;
/// use tidewire_core::session::{Action, At, Input, Policy, Session};
///
/// let mut session = Session::new(Policy { idempotent: true, ..Policy::default() }, None);
/// let at = |seconds| At { now: Duration::from_secs(seconds), chance: 0 };
/// assert_eq!(session.handle(at(0), Input::Start), Action::Connect);
/// ```
#[derive(Clone, Debug)]
// What an event touches comes last and together, as in `Stream`.
#[repr(C)]
pub struct Session {
    started: Duration,
    first_cursor: Option<Box<str>>,
    attempts: u32,
    /// Whether any record came over all attempts.
    any_record: bool,
    /// Whether a body that ends cleanly without an end marker is truncated.
    expects_marker: bool,
    backoff: Backoff,
    cursor: Option<String>,
    state: State,
    watch: Watch,
    /// Clones share it.
    policy: Arc<Policy>,
}

impl Session {
    /// A session that has not begun. `cursor` is where an earlier stream stopped.
    #[must_use]
    pub fn new(policy: Policy, cursor: Option<&str>) -> Self {
        let cursor = cursor.filter(|cursor| !cursor.is_empty());
        Self {
            expects_marker: policy.expects_marker,
            policy: Arc::new(policy),
            state: State::Idle,
            watch: Watch::new(),
            backoff: Backoff::new(),
            started: Duration::ZERO,
            attempts: 0,
            any_record: false,
            first_cursor: cursor.map(Into::into),
            cursor: cursor.map(Into::into),
        }
    }

    /// Takes in what happened. Inputs that mean nothing in the present state (a late head, a byte after the end) are
    /// ignored.
    pub fn handle(&mut self, at: At, input: Input<'_>) -> Action {
        let listening = matches!(self.state, State::Connecting | State::Open { .. });
        let action = self.transition(at, input);
        if listening && !matches!(self.state, State::Connecting | State::Open { .. }) {
            self.watch.settle(at.now);
        }
        action
    }

    fn transition(&mut self, at: At, input: Input<'_>) -> Action {
        match (self.state, input) {
            (State::Closed(_), _) => Action::Nothing,
            (_, Input::Cancel) => self.close(Outcome::Cancelled),
            (_, Input::Pause) => {
                self.watch.pause(at.now);
                Action::Nothing
            }
            (_, Input::Resume) => {
                self.watch.resume(at.now);
                Action::Nothing
            }

            (State::Idle, Input::Start) => {
                self.started = at.now;
                self.connect(at.now)
            }
            (State::Idle | State::Connecting, Input::QueueTimeout) => {
                self.close(Outcome::TimedOut(Limit::Queue))
            }
            (State::Idle, _) => Action::Nothing,

            (State::Waiting { .. }, Input::Kick) => {
                self.state = State::Waiting { until: at.now };
                Action::Nothing
            }
            (State::Waiting { until }, Input::Tick) => {
                if self.total_passed(at.now) {
                    self.close(Outcome::TimedOut(Limit::Total))
                } else if at.now >= until {
                    self.connect(at.now)
                } else {
                    Action::Nothing
                }
            }
            (
                State::Waiting { .. },
                Input::Start
                | Input::Head(_)
                | Input::Wire
                | Input::Record { .. }
                | Input::Cursor(_)
                | Input::CursorLost
                | Input::Retry(_)
                | Input::EndMarker
                | Input::FailureMarker
                | Input::BodyEnd { .. }
                | Input::Broken(_)
                | Input::Unreadable { .. }
                | Input::QueueTimeout,
            ) => Action::Nothing,

            (State::Connecting | State::Open { .. }, Input::Tick) => self.tick(at),
            (State::Connecting | State::Open { .. }, Input::Kick) => self.kick(at),
            (State::Connecting | State::Open { .. }, Input::Start) => Action::Nothing,

            (State::Connecting, Input::Head(head)) => self.head(at, head),
            (State::Connecting, Input::Broken(failure)) => self.failed_to_open(at, failure),
            (
                State::Connecting,
                Input::Wire
                | Input::Record { .. }
                | Input::Cursor(_)
                | Input::CursorLost
                | Input::Retry(_)
                | Input::EndMarker
                | Input::FailureMarker
                | Input::BodyEnd { .. }
                | Input::Unreadable { .. },
            ) => Action::Nothing,

            (State::Open { .. }, Input::Head(_) | Input::QueueTimeout) => Action::Nothing,
            // Who reads slowly finds bytes each time, and is never told by a tick.
            (State::Open { .. }, Input::Wire | Input::BodyEnd { .. }) if self.total_passed(at.now) => {
                self.close(Outcome::TimedOut(Limit::Total))
            }
            (State::Open { .. }, Input::Wire) => {
                self.watch.wire(at.now);
                Action::Nothing
            }
            (State::Open { .. }, Input::Record { cursor }) => {
                self.record(at.now, cursor);
                Action::Nothing
            }
            (State::Open { .. }, Input::Cursor(cursor)) => {
                self.set_cursor(Some(cursor));
                Action::Nothing
            }
            (State::Open { .. }, Input::CursorLost) if self.any_record && !self.policy.follow => {
                self.close(Outcome::Truncated)
            }
            // As long as nothing comes, it is still the place to go on at.
            (State::Open { .. }, Input::CursorLost) => Action::Nothing,
            (State::Open { .. }, Input::Retry(wait)) => {
                self.backoff.set_floor(wait);
                Action::Nothing
            }
            (State::Open { .. }, Input::EndMarker) => self.close(Outcome::Complete),
            (State::Open { .. }, Input::FailureMarker) => self.close(Outcome::Failed),
            (State::Open { .. }, Input::Unreadable { offset, limit }) => {
                self.close(Outcome::Unreadable { offset, limit })
            }
            (State::Open { .. }, Input::BodyEnd { inside_record }) => self.body_end(at, inside_record),
            (State::Open { .. }, Input::Broken(_)) => {
                self.broke(at, Break { reason: Reason::Body, limit: None })
            }
        }
    }

    /// A record has come while a body is read.
    #[inline]
    pub(crate) fn record(&mut self, now: Duration, cursor: Option<&str>) {
        self.watch.record(now);
        self.backoff.reset();
        self.any_record = true;
        self.set_cursor(cursor);
    }

    /// Whether a body that ends cleanly without an end marker is truncated, from here on; first it is as the policy says.
    pub const fn expect_marker(&mut self, expected: bool) {
        self.expects_marker = expected;
    }

    /// When the session wants an [`Input::Tick`] at the latest; `None` for never.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        let total = self.policy.timeout.map(|timeout| self.started.saturating_add(timeout));
        let own = match self.state {
            State::Idle | State::Closed(_) => return None,
            State::Connecting | State::Open { .. } => self.watch.next(&self.policy).map(|(when, _)| when),
            State::Waiting { until } => Some(until),
        };
        match (own, total) {
            (Some(own), Some(total)) => Some(own.min(total)),
            (own, total) => own.or(total),
        }
    }

    /// How the stream ended, once it has.
    #[must_use]
    pub const fn outcome(&self) -> Option<Outcome> {
        match self.state {
            State::Closed(outcome) => Some(outcome),
            State::Idle | State::Connecting | State::Open { .. } | State::Waiting { .. } => None,
        }
    }

    /// Where a stream that goes on behind this one would begin: the last cursor that came.
    #[must_use]
    pub fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// Whether a body is being read.
    pub(crate) const fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. })
    }

    /// The cursor for the request that is to be sent.
    #[must_use]
    pub fn request_cursor(&self) -> Option<&str> {
        if self.may_resume() {
            return self.cursor();
        }
        // The request as the caller made it; once records have come it would repeat them.
        self.first_cursor.as_deref().filter(|_| !self.any_record)
    }

    /// When the consumer wanted the stream.
    pub(crate) const fn started(&self) -> Duration {
        self.started
    }

    /// How many requests were to be sent so far.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The longest silence on the wire so far while the consumer was asking.
    #[must_use]
    pub fn longest_silence(&self, now: Duration) -> Duration {
        match self.state {
            State::Connecting | State::Open { .. } => self.watch.longest_silence(now),
            State::Idle | State::Waiting { .. } | State::Closed(_) => self.watch.settled(),
        }
    }

    fn connect(&mut self, now: Duration) -> Action {
        self.attempts = self.attempts.saturating_add(1);
        self.state = State::Connecting;
        self.watch.sent(now);
        Action::Connect
    }

    fn head(&mut self, at: At, head: Head) -> Action {
        self.watch.wire(at.now);
        let refused = |why| Outcome::Refused { status: head.status, why };
        match head.status {
            200..=299 if self.total_passed(at.now) => self.close(Outcome::TimedOut(Limit::Total)),
            204 if self.expects_marker => self.close(Outcome::Truncated),
            204 => self.close(Outcome::Ended),
            200..=299 if head.acceptable => {
                self.state = State::Open { since: at.now };
                Action::Nothing
            }
            200..=299 => self.close(refused(Refusal::ContentType)),
            408 | 425 | TOO_MANY_REQUESTS | 500 | 502 | SERVICE_UNAVAILABLE | 504 | OVERLOADED => {
                let too_long = head.retry_after.filter(|wait| {
                    *wait > LONGEST_RETRY_AFTER || self.remaining(at.now).is_some_and(|rest| *wait > rest)
                });
                if let Some(wait) = too_long {
                    return self.close(refused(Refusal::RetryAfter(wait)));
                }
                let invited = matches!(head.status, TOO_MANY_REQUESTS | SERVICE_UNAVAILABLE | OVERLOADED)
                    && head.retry_after.is_some();
                let may = self.may_repeat() || (invited && self.policy.repeatable);
                self.again(at, Reason::Status, may, head.retry_after, false)
                    .unwrap_or_else(|| self.close(refused(Refusal::Status)))
            }
            _ => self.close(refused(Refusal::Status)),
        }
    }

    fn failed_to_open(&mut self, at: At, failure: Failure) -> Action {
        match failure {
            Failure::Connect | Failure::ConnectTimeout => {
                let spent = match failure {
                    Failure::ConnectTimeout => Outcome::TimedOut(Limit::Connect),
                    _ => self.cut_off(),
                };
                // Nothing was sent, so nothing can be repeated; but a body that is read once is gone.
                let may = self.policy.repeatable || self.may_repeat();
                self.again(at, Reason::Connect, may, None, false).unwrap_or_else(|| self.close(spent))
            }
            Failure::Head | Failure::Body => self.broke(at, Break { reason: Reason::Head, limit: None }),
        }
    }

    fn body_end(&mut self, at: At, inside_record: bool) -> Action {
        if inside_record || self.expects_marker {
            return self.broke(at, Break { reason: Reason::End, limit: None });
        }
        self.note_standing(at.now);
        let may = self.policy.follow && self.may_repeat();
        self.again(at, Reason::End, may, None, false).unwrap_or_else(|| self.close(Outcome::Ended))
    }

    /// The rows of the table that begin with a break, for a request that was sent.
    fn broke(&mut self, at: At, what: Break) -> Action {
        self.note_standing(at.now);
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
        self.again(at, what.reason, may, None, gap).unwrap_or_else(|| self.close(closed))
    }

    fn tick(&mut self, at: At) -> Action {
        if self.total_passed(at.now) {
            return self.close(Outcome::TimedOut(Limit::Total));
        }
        let Some((_, due)) = self.watch.next(&self.policy).filter(|(when, _)| at.now >= *when) else {
            return Action::Nothing;
        };
        let (reason, limit) = match due {
            Due::Stall => {
                self.watch.stall_told();
                return Action::Stalled { silent: self.watch.silence(at.now) };
            }
            Due::Cut(Limit::Progress) => (Reason::Progress, Limit::Progress),
            Due::Cut(Limit::FirstEvent) => (Reason::FirstEvent, Limit::FirstEvent),
            Due::Cut(_) => (Reason::Idle, Limit::Idle),
        };
        self.broke(at, Break { reason, limit: Some(limit) })
    }

    /// A request that may not be sent again is left alone.
    fn kick(&mut self, at: At) -> Action {
        let resumes = self.any_record && self.may_resume() && self.cursor.is_some();
        let gap = self.any_record && !resumes;
        let may = resumes || (self.may_repeat() && (!gap || self.policy.follow));
        if !may {
            return Action::Nothing;
        }
        self.state = State::Waiting { until: at.now };
        Action::Wait(Retry {
            attempt: self.attempts.saturating_add(1),
            delay: Duration::ZERO,
            reason: Reason::Kick,
            gap,
        })
    }

    /// Waits for a further request, where the table allows one and the attempts are not spent.
    fn again(
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
        self.state = State::Waiting { until: at.now.saturating_add(delay) };
        let attempt = self.attempts.saturating_add(1);
        Some(Action::Wait(Retry { attempt, delay, reason, gap }))
    }

    fn close(&mut self, outcome: Outcome) -> Action {
        self.state = State::Closed(outcome);
        Action::Close
    }

    /// What spent attempts are called when neither a status nor a limit of time ended them.
    const fn cut_off(&self) -> Outcome {
        if self.any_record { Outcome::Truncated } else { Outcome::Unreachable }
    }

    /// Whether the request, as it would be sent now, can be sent twice without repeating work: a request that resumes behind
    /// its cursor by the caller's word can.
    fn may_repeat(&self) -> bool {
        let resumes = self.any_record && self.cursor.is_some();
        match self.policy.resume {
            Resume::Elsewhere if resumes => true,
            Resume::Always if resumes => self.policy.repeatable,
            Resume::Auto | Resume::Never | Resume::Always | Resume::Elsewhere => {
                self.policy.repeatable && self.policy.idempotent
            }
        }
    }

    fn may_resume(&self) -> bool {
        match self.policy.resume {
            Resume::Auto => self.policy.repeatable && self.policy.idempotent,
            Resume::Always => self.policy.repeatable,
            Resume::Elsewhere => true,
            Resume::Never => false,
        }
    }

    fn set_cursor(&mut self, cursor: Option<&str>) {
        match cursor {
            None => {}
            Some("") => self.cursor = None,
            Some(new) if self.cursor.as_deref() == Some(new) => {}
            Some(new) => {
                let cursor = self.cursor.get_or_insert_default();
                cursor.clear();
                cursor.push_str(new);
            }
        }
    }

    fn note_standing(&mut self, now: Duration) {
        if let State::Open { since } = self.state
            && now.saturating_sub(since) >= STOOD
        {
            self.backoff.reset();
        }
    }

    /// What is left of the whole stream's time.
    pub(crate) fn remaining(&self, now: Duration) -> Option<Duration> {
        self.policy.timeout.map(|timeout| self.started.saturating_add(timeout).saturating_sub(now))
    }

    fn total_passed(&self, now: Duration) -> bool {
        self.remaining(now).is_some_and(|rest| rest.is_zero())
    }
}

impl Reason {
    /// The stable name, the same string in every language.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Head => "head",
            Self::Body => "body",
            Self::Status => "status",
            Self::End => "end",
            Self::Idle => "idle",
            Self::Progress => "progress",
            Self::FirstEvent => "first_event",
            Self::Kick => "kick",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
