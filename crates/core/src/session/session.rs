//! The state of one stream over all its attempts.

use alloc::vec::Vec;
use core::mem::offset_of;
use core::ops::Range;
use core::time::Duration;

use super::action::Todo;
use super::backoff::Backoff;
use super::facts::{End, Facts, State};
use super::kept::Kept;
use super::outcome::{Limit, Outcome};
use super::policy::Policy;
use super::rules::Rules;
use super::stream_state::StreamState;
use super::time::{larger, point, smaller};
use super::watchdog::Watchdog;
use crate::replace;

/// How long to wait for a refused response's body.
const REFUSED_BODY_MS: f64 = 5000.0;

/// What a body's end means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CleanEnd {
    /// The stream has ended.
    Ends,
    /// The stream is cut off: its end marker, or the end of its reply, is missing.
    Truncates,
    /// The same, even after an end marker: no part of the reply has arrived.
    Misses,
    /// The stream is complete: everything that its dialect expects has arrived.
    Completes,
}

/// What the body has come to. It takes effect at the next input, once the frames before it were handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// It goes on, or there is none.
    GoesOn,
    /// It has ended, and the decoder may hold more.
    Ended,
    /// It has ended, and everything was handed out.
    Read {
        /// It ended inside a record.
        inside_record: bool,
    },
    /// An end marker arrived.
    Complete,
    /// A record reported that the peer failed.
    Failed,
    /// It cannot be decoded any further.
    Unreadable,
}

/// The state machine of one stream, over all its attempts.
///
/// A driver tells it what happened, by one method for each thing, and then asks what is [to be done](Self::take). Inputs that the current state
/// does not expect (a late head, a byte after the end) are ignored. Times are milliseconds since any origin that does not move.
///
/// ```
/// use tidewire_core::session::{At, Policy, Rules, Session, Todo};
///
/// let rules = Rules::new(&Policy { idempotent: true, ..Policy::default() }, false);
/// let mut session = Session::new(rules);
/// session.start(At { now: 0.0, chance: 0 });
/// assert_eq!(session.take(), Todo::Connect);
/// ```
#[derive(Clone, Debug)]
// Small offsets are encoded shorter in WebAssembly, so the most used fields come first. The numbers are contiguous, see `NUMBERS`.
#[repr(C)]
pub struct Session {
    /// Empty if there is none.
    pub(super) cursor: Vec<u8>,
    /// Empty if there is none.
    pub(super) first_cursor: Vec<u8>,
    pub(super) body: Body,
    /// What is to be done, as bits of [`Todo`].
    pub(super) todo: u8,
    /// Whether any record arrived, over all attempts.
    pub(super) any_record: bool,
    pub(super) clean_end: CleanEnd,
    /// The credentials were renewed, and no response has been accepted since.
    pub(super) refreshed: bool,
    /// The present response has no content type, and nothing of its body has arrived.
    pub(super) unlabelled_and_empty: bool,
    /// Attempts that were begun, including those that were never sent.
    pub(super) begun: u32,
    /// The key of the hashes of ids.
    pub(super) key: u32,
    pub(super) facts: Facts,
    pub(super) backoff: Backoff,
    pub(super) watchdog: Watchdog,
    /// When the present wait ends, or the wait for the rest of a refused response's body.
    pub(super) until: f64,
    /// When the present body began.
    pub(super) since: f64,
    /// Bytes of the present body.
    pub(super) body_bytes: f64,
    pub(super) rules: Rules,
    pub(super) delivered: Kept,
}

impl Session {
    /// Where a session's numbers are in its memory. A session that receives the numbers of another one continues it, except for the rules, the
    /// cursor and the remembered ids.
    pub const NUMBERS: Range<usize> = {
        let range = offset_of!(Self, body)..offset_of!(Self, rules);
        // The length must be the same with 32-bit pointers: JavaScript takes it from a build for another machine.
        assert!(range.start % 8 == 0 && range.end % 8 == 0);
        range
    };

    /// A session that has not begun.
    #[must_use]
    pub const fn new(rules: Rules) -> Self {
        Self {
            delivered: Kept::NEW,
            cursor: Vec::new(),
            first_cursor: Vec::new(),
            body: Body::GoesOn,
            todo: 0,
            any_record: false,
            clean_end: CleanEnd::Ends,
            refreshed: false,
            unlabelled_and_empty: false,
            begun: 0,
            key: 0,
            facts: Facts::new(),
            backoff: Backoff::new(),
            watchdog: Watchdog::new(),
            until: f64::INFINITY,
            since: 0.0,
            body_bytes: 0.0,
            rules,
        }
    }

    /// Continues an earlier stream from its last cursor; empty if there is none. To be called before the start.
    pub fn continue_from(&mut self, cursor: &[u8]) {
        replace(&mut self.first_cursor, cursor);
        replace(&mut self.cursor, cursor);
        self.delivered.is_gap(cursor);
    }

    /// The rules. They may be changed where they lie, until the session is started.
    #[must_use]
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The same, to be changed before the start.
    pub const fn rules_mut(&mut self) -> &mut Rules {
        &mut self.rules
    }

    /// What is to be done next, once for each cause; [`Todo::Nothing`] until the next input or the [deadline](Self::deadline).
    #[inline]
    pub fn take(&mut self) -> Todo {
        if self.todo == 0 {
            return if self.facts.state == State::Closed { Todo::Close } else { Todo::Nothing };
        }
        self.take_first()
    }

    fn take_first(&mut self) -> Todo {
        let first = self.todo & self.todo.wrapping_neg();
        self.todo ^= first;
        match first {
            Todo::RETRY => Todo::Retry,
            Todo::GAP => Todo::Gap,
            Todo::STALLED => Todo::Stalled,
            _ => Todo::Connect,
        }
    }

    /// Whether anything is to be done, apart from closing.
    #[must_use]
    #[inline]
    pub const fn has_todo(&self) -> bool {
        self.todo != 0
    }

    /// Whether a gap is to be reported.
    #[must_use]
    pub const fn is_gap_due(&self) -> bool {
        self.todo & Todo::GAP != 0
    }

    /// What the body has come to.
    #[must_use]
    #[inline]
    pub const fn body(&self) -> Body {
        self.body
    }

    /// Whether it is decided how the body ends, which takes effect when the session [concludes](Self::conclude) it.
    #[must_use]
    #[inline]
    pub fn is_decided(&self) -> bool {
        !matches!(self.body, Body::GoesOn | Body::Ended)
    }

    /// The latest time for the next [`tick`](Self::tick); infinite if no tick is needed.
    #[must_use]
    pub fn due(&self) -> f64 {
        let own = match self.facts.state {
            State::Idle | State::Closed => return f64::INFINITY,
            State::Refused => return self.until,
            State::Connecting | State::Open | State::Untyped if self.is_listening() => self.next_limit().0,
            State::Connecting | State::Open | State::Untyped => f64::INFINITY,
            State::Waiting => self.until,
        };
        smaller(own, self.facts.started + self.rules.timeout)
    }

    /// What the session says of itself in numbers.
    #[must_use]
    #[inline]
    pub const fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The last cursor that arrived, from which another stream can continue this one; empty if there is none.
    #[must_use]
    pub fn cursor(&self) -> &[u8] {
        &self.cursor
    }

    /// The cursor to send with the next request; empty if there is none.
    #[must_use]
    pub fn request_cursor(&self) -> &[u8] {
        if self.may_resume() {
            &self.cursor
        } else if self.any_record {
            // It would repeat records.
            b""
        } else {
            &self.first_cursor
        }
    }

    /// The cursor after which records are missing, for [`Todo::Gap`]; empty if there is none.
    #[must_use]
    pub fn gap_after(&self) -> &[u8] {
        if self.facts.gap_from_start { &self.first_cursor } else { &self.cursor }
    }

    /// Whether the stream was started.
    #[must_use]
    #[inline]
    pub fn has_begun(&self) -> bool {
        self.facts.state != State::Idle
    }

    /// Whether a body is being read, and has not ended.
    #[must_use]
    #[inline]
    pub fn is_reading(&self) -> bool {
        self.facts.state == State::Open && self.body == Body::GoesOn
    }

    /// Whether the body that is being read has ended, so that the decoder is to hand out the rest.
    #[must_use]
    pub fn is_finishing(&self) -> bool {
        self.facts.state == State::Open && self.body == Body::Ended
    }

    /// The longest silence on the wire so far while the consumer was asking, in milliseconds.
    #[must_use]
    pub fn longest_silence(&self, now: f64) -> f64 {
        if self.is_listening() { self.watchdog.longest_silence(now) } else { self.watchdog.settled() }
    }

    /// Whether a request is under way.
    pub(super) fn is_listening(&self) -> bool {
        matches!(self.facts.state, State::Open | State::Untyped) || self.is_connecting()
    }

    /// The time that is left before the whole stream's limit.
    pub(super) fn remaining(&self, now: f64) -> f64 {
        larger(self.facts.started + self.rules.timeout - now, 0.0)
    }

    pub(super) fn total_passed(&self, now: f64) -> bool {
        self.facts.started + self.rules.timeout <= now
    }

    #[inline(never)]
    pub(super) fn close(&mut self, now: f64, end: End) {
        self.leave(now);
        self.facts.end = end;
        self.facts.state = State::Closed;
        self.todo &= !Todo::CONNECT;
    }

    #[inline(never)]
    pub(super) fn time_out(&mut self, now: f64, limit: Limit) {
        self.facts.limit = limit;
        self.close(now, End::TimedOut);
    }

    /// Refuses a response. What it says in its body is still collected, for a while.
    #[inline(never)]
    pub(super) fn refuse(&mut self, now: f64, why: super::facts::Why) {
        self.close(now, End::Refused);
        self.facts.why = why;
        self.facts.state = State::Refused;
        self.until = now + smaller(self.remaining(now), REFUSED_BODY_MS);
    }

    /// A request is over: its last silence counts.
    pub(super) fn leave(&mut self, now: f64) {
        if self.is_listening() {
            self.watchdog.settle(now);
        }
    }
}

/// The same in the terms of Rust programs.
impl Session {
    /// A session that has not begun, by a caller's policy.
    #[must_use]
    pub fn with_policy(policy: &Policy, cursor: Option<&str>) -> Self {
        let mut session = Self::new(Rules::new(policy, false));
        session.continue_from(cursor.unwrap_or_default().as_bytes());
        session
    }

    /// The latest time for the next tick; `None` if no tick is needed.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        point(self.due())
    }

    /// What the stream is doing now. While a refused response's body is still read, it is open.
    #[must_use]
    pub fn state(&self, now: Duration) -> StreamState {
        match self.facts.state {
            State::Idle => StreamState::Idle,
            State::Connecting => StreamState::Connecting,
            State::Open | State::Untyped | State::Refused => StreamState::Open,
            State::Waiting => {
                StreamState::Waiting { delay: point(self.until).unwrap_or(Duration::MAX).saturating_sub(now) }
            }
            State::Closed => StreamState::Closed(self.outcome()),
        }
    }

    /// How the stream ended, once it has.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        self.facts.outcome()
    }
}
