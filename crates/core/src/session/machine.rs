//! The session's states, and the inputs that each of them handles.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use core::time::Duration;

use super::action::Action;
use super::backoff::Backoff;
use super::delivered::{Delivered, Known};
use super::id_order::is_ordered;
use super::input::{At, Input};
use super::outcome::{Limit, Outcome};
use super::policy::Policy;
use super::reply_state::ReplyState;
use super::stream_state::StreamState;
use super::watchdog::Watchdog;

/// ```text
///             ┌─────────────── open ──────────────┐
/// Idle ─▶ Connecting ─▶ Open ─▶ Waiting{until} ─▶ Connecting …      any ─▶ Closed(outcome)
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Idle,
    Connecting,
    Open {
        since: Duration,
    },
    /// Open, but the head had no content type: an empty body is like a 204, any other is refused.
    Untyped {
        status: u16,
    },
    Waiting {
        until: Duration,
    },
    Closed(Outcome),
}

/// The effect of a clean end of the body, outside a record and without an end marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CleanEnd {
    /// The stream has ended.
    Ends,
    /// The stream is cut off: its end marker, or the end of its reply, is missing.
    Truncates,
    /// The stream is complete: everything that its dialect expects has arrived.
    Completes,
}

/// The state machine of one stream, over all its attempts.
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
// The fields that every event touches are last and adjacent, as in `Stream`.
#[repr(C)]
pub struct Session {
    pub(super) started: Duration,
    pub(super) first_cursor: Option<Box<str>>,
    /// Attempts that were begun, including those that were never sent.
    pub(super) begun: u32,
    /// Requests that were sent.
    pub(super) sent: u32,
    /// The key of the hashes of ids.
    pub(super) key: u32,
    /// The credentials were renewed, and no response has been accepted since.
    pub(super) refreshed: bool,
    /// The credentials must be renewed before the next request is sent.
    pub(super) refreshing: bool,
    /// The present response has no content type, and nothing of its body has arrived.
    pub(super) unlabelled_and_empty: bool,
    /// A relay keeps the response, so every further request continues at its `Location`.
    pub(super) relayed: bool,
    pub(super) backoff: Backoff,
    pub(super) clean_end: CleanEnd,
    /// Whether any record arrived, over all attempts.
    pub(super) any_record: bool,
    /// Boxed when the first id arrives: most streams have none.
    pub(super) delivered: Option<Box<Delivered>>,
    pub(super) cursor: Option<String>,
    pub(super) state: State,
    pub(super) watchdog: Watchdog,
    /// Clones share it.
    pub(super) policy: Arc<Policy>,
}

impl Session {
    /// A session that has not begun. `cursor` is the last cursor of an earlier stream, to continue it.
    #[must_use]
    pub fn new(policy: Policy, cursor: Option<&str>) -> Self {
        let cursor = cursor.filter(|cursor| !cursor.is_empty());
        let mut session = Self {
            clean_end: if policy.expects_marker || policy.reply {
                CleanEnd::Truncates
            } else {
                CleanEnd::Ends
            },
            policy: Arc::new(policy),
            state: State::Idle,
            watchdog: Watchdog::new(),
            backoff: Backoff::new(),
            started: Duration::ZERO,
            begun: 0,
            sent: 0,
            key: 0,
            refreshed: false,
            refreshing: false,
            unlabelled_and_empty: false,
            relayed: false,
            any_record: false,
            delivered: None,
            first_cursor: cursor.map(Into::into),
            cursor: cursor.map(Into::into),
        };
        if let Some(cursor) = cursor {
            session.follow_order(cursor);
        }
        session
    }

    /// Feeds one input and returns the next action. Inputs that the current state does not expect (a late head, a byte after the
    /// end) are ignored.
    #[inline]
    pub fn handle(&mut self, at: At, input: Input<'_>) -> Action {
        // Nearly every input is this one, so it is checked before the whole table of states.
        if let (State::Open { .. }, Input::Record { cursor, id }) = (self.state, input) {
            return self.record(at.now, cursor, id);
        }
        let listening = self.is_listening();
        let action = self.transition(at, input);
        if listening && !self.is_listening() {
            self.watchdog.settle(at.now);
        }
        action
    }

    fn transition(&mut self, at: At, input: Input<'_>) -> Action {
        match (self.state, input) {
            (State::Closed(_), _) => Action::Nothing,
            (_, Input::Cancel) => self.close(Outcome::Cancelled),
            (_, Input::Pause) => {
                self.watchdog.pause(at.now);
                Action::Nothing
            }
            (_, Input::Resume) => {
                self.watchdog.resume(at.now);
                Action::Nothing
            }

            (State::Idle, Input::Start) => {
                self.started = at.now;
                self.key = at.chance;
                self.connect(at.now)
            }
            (State::Idle | State::Connecting, Input::QueueTimeout) => {
                self.close(Outcome::TimedOut(Limit::Queue))
            }
            (State::Idle, _) => Action::Nothing,

            (State::Waiting { .. }, Input::Kick | Input::Check { .. }) => {
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
                | Input::Sent
                | Input::Head(_)
                | Input::Activity
                | Input::Wire
                | Input::Record { .. }
                | Input::Cursor { .. }
                | Input::CursorLost
                | Input::RetryField(_)
                | Input::Reply(_)
                | Input::EndMarker
                | Input::FailureMarker
                | Input::BodyEnd { .. }
                | Input::Broken(_)
                | Input::RefreshFailed
                | Input::Unreadable { .. }
                | Input::QueueTimeout,
            ) => Action::Nothing,

            (State::Connecting | State::Open { .. } | State::Untyped { .. }, Input::Tick) => self.tick(at),
            (State::Connecting | State::Open { .. } | State::Untyped { .. }, Input::Kick) => self.kick(at),
            (State::Connecting | State::Open { .. } | State::Untyped { .. }, Input::Check { away }) => {
                self.check(at.now, away)
            }
            (State::Connecting | State::Open { .. } | State::Untyped { .. }, Input::Start) => Action::Nothing,

            (State::Connecting, Input::Sent) => {
                self.sent = self.sent.saturating_add(1);
                self.refreshing = false;
                Action::Nothing
            }
            (State::Connecting, Input::Head(head)) => self.head(at, head),
            (State::Connecting, Input::Broken(failure)) => self.failed_to_open(at, failure),
            (State::Connecting, Input::RefreshFailed) => self.refresh_failed(),
            (
                State::Connecting,
                Input::Activity
                | Input::Wire
                | Input::Record { .. }
                | Input::Cursor { .. }
                | Input::CursorLost
                | Input::RetryField(_)
                | Input::Reply(_)
                | Input::EndMarker
                | Input::FailureMarker
                | Input::BodyEnd { .. }
                | Input::Unreadable { .. },
            ) => Action::Nothing,

            (
                State::Open { .. } | State::Untyped { .. },
                Input::Sent | Input::Head(_) | Input::RefreshFailed | Input::QueueTimeout,
            ) => Action::Nothing,
            // A consumer that is slower than its server finds bytes at every poll, so no tick ever reports the limit.
            (
                State::Open { .. } | State::Untyped { .. },
                Input::Activity | Input::Wire | Input::BodyEnd { .. },
            ) if self.total_passed(at.now) => self.close(Outcome::TimedOut(Limit::Total)),
            (State::Open { .. } | State::Untyped { .. }, Input::Broken(_)) => self.broke_in_body(at),
            (State::Open { .. } | State::Untyped { .. }, Input::Unreadable { offset, limit }) => {
                self.close(Outcome::Unreadable { offset, limit })
            }

            (State::Open { .. } | State::Untyped { .. }, Input::Activity) => {
                self.watchdog.wire(at.now);
                Action::Nothing
            }
            (State::Untyped { status }, Input::Wire) => self.refuse_untyped(status),
            (State::Untyped { .. }, Input::BodyEnd { .. }) => self.no_content(),
            (
                State::Untyped { .. },
                Input::Record { .. }
                | Input::Cursor { .. }
                | Input::CursorLost
                | Input::RetryField(_)
                | Input::Reply(_)
                | Input::EndMarker
                | Input::FailureMarker,
            ) => Action::Nothing,

            (State::Open { .. }, Input::Wire) => {
                self.unlabelled_and_empty = false;
                self.watchdog.wire(at.now);
                Action::Nothing
            }
            (State::Open { .. }, Input::Record { cursor, id }) => self.record(at.now, cursor, id),
            (State::Open { .. }, Input::Cursor { cursor, id }) => {
                self.move_cursor(Some(cursor));
                id.and_then(|id| self.follow_order(id)).map_or(Action::Nothing, |after| Action::Gap { after })
            }
            (State::Open { .. }, Input::CursorLost) => self.cursor_lost(),
            (State::Open { .. }, Input::RetryField(wait)) => {
                self.backoff.ask(wait);
                Action::Nothing
            }
            (State::Open { .. }, Input::Reply(state)) => self.reply(state),
            (State::Open { .. }, Input::EndMarker) => self.close(Outcome::Complete),
            (State::Open { .. }, Input::FailureMarker) => self.close(Outcome::Failed),
            (State::Open { .. }, Input::BodyEnd { inside_record }) => self.body_end(at, inside_record),
        }
    }

    /// The latest time for the next [`Input::Tick`]; `None` if no tick is needed.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        let total = self.policy.timeout.map(|timeout| self.started.saturating_add(timeout));
        let own = match self.state {
            State::Idle | State::Closed(_) => return None,
            State::Connecting | State::Open { .. } | State::Untyped { .. } => {
                self.next_limit().map(|(when, _)| when)
            }
            State::Waiting { until } => Some(until),
        };
        match (own, total) {
            (Some(own), Some(total)) => Some(own.min(total)),
            (own, total) => own.or(total),
        }
    }

    /// What the stream is doing now.
    #[must_use]
    pub const fn state(&self, now: Duration) -> StreamState {
        match self.state {
            State::Idle => StreamState::Idle,
            State::Connecting => StreamState::Connecting,
            State::Open { .. } | State::Untyped { .. } => StreamState::Open,
            State::Waiting { until } => StreamState::Waiting { delay: until.saturating_sub(now) },
            State::Closed(outcome) => StreamState::Closed(Some(outcome)),
        }
    }

    /// Whether the head of a response was accepted, and its body has not ended.
    pub(crate) const fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. } | State::Untyped { .. })
    }

    /// How the stream ended, once it has.
    #[must_use]
    pub const fn outcome(&self) -> Option<Outcome> {
        match self.state {
            State::Closed(outcome) => Some(outcome),
            State::Idle
            | State::Connecting
            | State::Open { .. }
            | State::Untyped { .. }
            | State::Waiting { .. } => None,
        }
    }

    /// The last cursor that arrived, from which another stream can continue this one.
    #[must_use]
    pub fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// The cursor to send with the next request.
    #[must_use]
    pub fn request_cursor(&self) -> Option<&str> {
        if self.may_resume() {
            return self.cursor();
        }
        // The caller's stored cursor, unless records have arrived: then it would repeat them.
        self.first_cursor.as_deref().filter(|_| !self.any_record)
    }

    /// Whether the next request is a GET of the `Location` under which a relay keeps the response.
    #[must_use]
    pub const fn continues_at_relay(&self) -> bool {
        self.relayed
    }

    /// When the consumer started the stream.
    pub(crate) const fn started(&self) -> Duration {
        self.started
    }

    /// How many requests were sent so far.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.sent
    }

    /// The longest silence on the wire so far while the consumer was asking.
    #[must_use]
    pub fn longest_silence(&self, now: Duration) -> Duration {
        if self.is_listening() { self.watchdog.longest_silence(now) } else { self.watchdog.settled() }
    }

    /// The time that is left before the whole stream's limit.
    pub(crate) fn remaining(&self, now: Duration) -> Option<Duration> {
        self.policy.timeout.map(|timeout| self.started.saturating_add(timeout).saturating_sub(now))
    }

    pub(super) fn total_passed(&self, now: Duration) -> bool {
        self.remaining(now).is_some_and(|rest| rest.is_zero())
    }

    /// Whether a request is under way.
    const fn is_listening(&self) -> bool {
        match self.state {
            State::Connecting | State::Open { .. } | State::Untyped { .. } => true,
            State::Idle | State::Waiting { .. } | State::Closed(_) => false,
        }
    }

    #[inline]
    fn record(&mut self, now: Duration, cursor: Option<&str>, id: Option<&str>) -> Action {
        let gap_after = match id {
            Some(id) => match self.known(id) {
                Known::New => {
                    let gap_after = self.follow_order(id);
                    self.remember(id);
                    gap_after
                }
                Known::Delivered => {
                    let first = self.delivered.as_deref_mut().is_some_and(Delivered::report);
                    return Action::Replayed { first };
                }
                // It is delivered again, but the stream is no further for it.
                Known::Old => return Action::Nothing,
            },
            // Nor is it after a record that arrived again.
            None if self.delivered.as_ref().is_some_and(|delivered| delivered.repeats()) => {
                return Action::Nothing;
            }
            None if cursor == Some("") => {
                if let Some(delivered) = &mut self.delivered {
                    delivered.forget_order();
                }
                None
            }
            None => None,
        };
        self.watchdog.record(now);
        self.backoff.reset();
        self.any_record = true;
        match id {
            Some(_) => self.set_cursor(cursor),
            None => self.move_cursor(cursor),
        }
        gap_after.map_or(Action::Nothing, |after| Action::Gap { after })
    }

    /// Closes the stream if its LLM reply is over; otherwise sets what a clean end of the body will mean.
    fn reply(&mut self, state: ReplyState) -> Action {
        self.clean_end = match state {
            ReplyState::Open => CleanEnd::Truncates,
            ReplyState::MayComplete => CleanEnd::Completes,
            ReplyState::MayEnd if self.policy.expects_marker => CleanEnd::Truncates,
            ReplyState::MayEnd => CleanEnd::Ends,
            ReplyState::Complete => return self.close(Outcome::Complete),
            ReplyState::Failed => return self.close(Outcome::Failed),
        };
        Action::Nothing
    }

    fn known(&mut self, id: &str) -> Known {
        match &mut self.delivered {
            Some(delivered) if self.begun > 1 => delivered.compare(id, self.key.into()),
            _ => Known::New,
        }
    }

    fn remember(&mut self, id: &str) {
        if self.may_ever_resume() {
            self.delivered.get_or_insert_default().remember(id, self.key.into());
        }
    }

    /// The last id before a gap, if ids before this one are missing.
    fn follow_order(&mut self, id: &str) -> Option<String> {
        match &mut self.delivered {
            None if !is_ordered(id) => None,
            delivered => delivered.get_or_insert_default().gap_before(id),
        }
    }

    /// Sets the cursor to one that is not a record's own id, unless that would move it back: such a cursor may repeat an id that an
    /// earlier attempt delivered.
    fn move_cursor(&mut self, cursor: Option<&str>) {
        let is_new = cursor != self.cursor();
        let is_earlier =
            |id| self.delivered.as_ref().is_some_and(|known| known.contains(id, self.key.into()));
        if !cursor.is_some_and(|cursor| is_new && self.begun > 1 && is_earlier(cursor)) {
            self.set_cursor(cursor);
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
}
