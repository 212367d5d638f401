//! The records of a body, and how it ends.

use super::action::Reason;
use super::delivered::Known;
use super::facts::{End, State};
use super::input::Failure;
use super::outcome::Limit;
use super::reply_state::ReplyState;
use super::session::{Body, CleanEnd, Session};
use super::time::At;
use crate::replace;

/// What a record or an id means for the stream: a set of the constants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Noted(u8);

impl Noted {
    /// Records are missing before it, by the server's own order: after the one with [this id](Session::gap_before_id).
    pub const GAP: Self = Self(1);
    /// An earlier attempt had delivered it.
    pub const REPEAT: Self = Self(2);
    /// It is the first such record of its response, so that must be reported.
    pub const FIRST_REPEAT: Self = Self(4);
    /// It is not to be delivered.
    pub const DROPPED: Self = Self(8);

    /// Whether it is this, among others.
    #[must_use]
    #[inline]
    pub const fn is(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    #[inline]
    const fn add(&mut self, other: Self, is_so: bool) {
        if is_so {
            self.0 |= other.0;
        }
    }
}

impl Session {
    /// Bytes of the body arrived, whether or not they complete a record. None, as some transports hand over, are no arrival.
    pub fn received(&mut self, at: At, bytes: usize) {
        self.conclude(at);
        if bytes == 0 || !self.is_in_body() {
            return;
        }
        if self.is_reading() {
            if self.facts.first_byte < 0.0 {
                self.facts.first_byte = at.now - self.facts.started;
            }
            self.facts.bytes += bytes as f64;
            self.body_bytes += bytes as f64;
        }
        // A consumer that is slower than its server finds bytes at every poll, so no tick ever reports the limit.
        if self.total_passed(at.now) {
            self.time_out(at.now, Limit::Total);
        } else if self.facts.state == State::Untyped {
            self.refuse(at.now, super::facts::Why::ContentType);
        } else {
            self.unlabelled_and_empty = false;
            self.watchdog.wire(at.now);
        }
    }

    /// Bytes arrived that decode to nothing yet: the wire is not silent.
    pub fn activity(&mut self, at: At) {
        self.conclude(at);
        if !self.is_in_body() || self.body != Body::GoesOn {
        } else if self.total_passed(at.now) {
            self.time_out(at.now, Limit::Total);
        } else {
            self.watchdog.wire(at.now);
        }
    }

    /// A record arrived. `cursor` is the cursor after it: `None` if the record does not change it, empty if it clears it. `id` is the record's
    /// own id; `None` if it only inherits the id of an earlier record.
    #[inline]
    pub fn record(&mut self, now: f64, cursor: Option<&[u8]>, id: Option<&[u8]>) -> Noted {
        let mut noted = Noted::default();
        if self.facts.state != State::Open {
            return Noted::DROPPED;
        }
        let is_new = match id {
            Some(id) => self.compare(id, &mut noted),
            // The stream is no further for what follows a record that arrived again.
            None if self.delivered.repeats() => false,
            None => {
                if cursor.is_some_and(<[u8]>::is_empty) {
                    self.delivered.forget_order();
                }
                true
            }
        };
        if is_new {
            self.watchdog.record(now);
            self.backoff.reset();
            self.any_record = true;
            match id {
                Some(_) => self.set_cursor(cursor),
                None => self.move_cursor(cursor),
            }
        }
        if !noted.is(Noted::DROPPED) {
            self.count(now, 1);
        }
        noted
    }

    /// So many records arrived that have no cursor and no id.
    #[inline]
    pub fn records(&mut self, now: f64, count: u32) {
        self.record(now, Some(b""), None);
        self.count(now, count - 1);
    }

    #[inline]
    fn count(&mut self, now: f64, records: u32) {
        if self.facts.first_event < 0.0 {
            self.facts.first_event = now - self.facts.started;
        }
        self.facts.events += f64::from(records);
    }

    /// Whether a record with this id is new.
    fn compare(&mut self, id: &[u8], noted: &mut Noted) -> bool {
        let key = self.key.into();
        let known = if self.begun > 1 { self.delivered.compare(id, key) } else { Known::New };
        match known {
            Known::New => {
                noted.add(Noted::GAP, self.delivered.is_gap(id));
                if self.may_ever_resume() {
                    self.delivered.remember(id, key);
                }
            }
            Known::Delivered => {
                let is_first = self.delivered.report();
                noted.add(Noted::REPEAT, true);
                noted.add(Noted::FIRST_REPEAT, is_first);
                noted.add(Noted::DROPPED, self.rules.dedupe);
            }
            // It is delivered again, but the stream is no further for it.
            Known::Old => {}
        }
        known == Known::New
    }

    /// The cursor changed without a record; it is empty if it was cleared. `id` is the id that changed it, if an id did. Returns whether records
    /// are missing before it, by the server's own order.
    pub fn id(&mut self, cursor: &[u8], id: Option<&[u8]>) -> bool {
        if self.facts.state != State::Open {
            return false;
        }
        self.move_cursor(Some(cursor));
        id.is_some_and(|id| self.delivered.is_gap(id))
    }

    /// The id after which records are missing, where [`record`](Self::record) or [`id`](Self::id) found a gap.
    #[must_use]
    pub fn gap_before_id(&self) -> &[u8] {
        self.delivered.gap_after()
    }

    /// The stream's `retry:` field asked for this wait before connecting again.
    pub fn retry_field(&mut self, wait: f64) {
        if self.facts.state == State::Open {
            self.backoff.ask(wait);
        }
    }

    /// Takes in whether an LLM's reply is over after the records so far. If a marker has decided how the stream ends, that stands.
    pub fn reply_state(&mut self, state: ReplyState) {
        if self.facts.state != State::Open || !matches!(self.body, Body::GoesOn | Body::Ended) {
            return;
        }
        match state {
            ReplyState::Nothing => self.clean_end = CleanEnd::Misses,
            ReplyState::Open => self.clean_end = CleanEnd::Truncates,
            ReplyState::MayComplete => self.clean_end = CleanEnd::Completes,
            ReplyState::MayEnd if self.rules.expects_marker => self.clean_end = CleanEnd::Truncates,
            ReplyState::MayEnd => self.clean_end = CleanEnd::Ends,
            ReplyState::Complete => self.body = Body::Complete,
            ReplyState::Failed => self.body = Body::Failed,
        }
    }

    /// The end marker arrived, or a record that reports that the peer failed. It takes effect at the next input. A marker before any part of a
    /// reply counts as the end of a body without a marker.
    pub fn decided(&mut self, is_failure: bool) {
        if self.facts.state == State::Open {
            self.body = match (is_failure, self.clean_end) {
                (true, _) => Body::Failed,
                (false, CleanEnd::Misses) => Body::Read { inside_record: false },
                (false, _) => Body::Complete,
            };
        }
    }

    /// The body cannot be decoded any further than this offset, in bytes of the decoded body; `size_limit` is the limit that a record
    /// exceeded, negative if there is none. It takes effect at the next input.
    pub fn undecodable(&mut self, offset: f64, size_limit: f64) {
        if self.is_in_body() {
            self.facts.offset = offset;
            self.facts.size_limit = size_limit;
            self.body = Body::Unreadable;
        }
    }

    /// The body ended cleanly. The decoder is to hand out what that completes, and then to be [finished](Self::finished).
    pub fn body_end(&mut self) {
        match self.facts.state {
            State::Open if self.body == Body::GoesOn => self.body = Body::Ended,
            State::Untyped if self.body == Body::GoesOn => self.body = Body::Read { inside_record: false },
            State::Refused => self.facts.state = State::Closed,
            _ => {}
        }
    }

    /// Everything that the body's clean end completed was handed out. It takes effect at the next input.
    pub fn finished(&mut self, inside_record: bool) {
        if self.is_in_body() {
            self.body = Body::Read { inside_record };
        }
    }

    /// What the body has come to takes effect, so that later inputs no longer count.
    #[inline(never)]
    pub fn conclude(&mut self, at: At) {
        if !self.is_decided() {
            return;
        }
        let body = core::mem::replace(&mut self.body, Body::GoesOn);
        if !self.is_in_body() {
            return;
        }
        match body {
            Body::GoesOn | Body::Ended => {}
            Body::Complete => self.close(at.now, End::Complete),
            Body::Failed => self.close(at.now, End::Failed),
            Body::Unreadable => self.close(at.now, End::Unreadable),
            Body::Read { .. } if self.total_passed(at.now) => self.time_out(at.now, Limit::Total),
            Body::Read { .. } if self.unlabelled_and_empty || self.facts.state == State::Untyped => {
                self.no_content(at.now)
            }
            Body::Read { inside_record } => self.ended(at, inside_record),
        }
    }

    fn ended(&mut self, at: At, inside_record: bool) {
        if inside_record || matches!(self.clean_end, CleanEnd::Truncates | CleanEnd::Misses) {
            return self.broke_off(at, Reason::End, None);
        }
        if self.clean_end == CleanEnd::Completes {
            return self.close(at.now, End::Complete);
        }
        self.note_stability(at.now);
        // What the relay keeps has ended; a subscription continues with the caller's own request.
        self.facts.at_relay = false;
        let may = self.rules.follow && self.may_repeat();
        if !self.retry(at, Reason::End, may, -1.0, false) {
            self.close(at.now, End::Ended);
        }
    }

    /// The transport failed.
    pub fn broke(&mut self, at: At, failure: Failure) {
        self.conclude(at);
        match self.facts.state {
            State::Connecting if self.is_connecting() => self.failed_to_open(at, failure),
            State::Open | State::Untyped => self.broke_off(at, Reason::Body, None),
            State::Refused => self.facts.state = State::Closed,
            State::Connecting | State::Idle | State::Waiting | State::Closed => {}
        }
    }

    /// The body's content coding is corrupt.
    pub fn corrupt(&mut self, at: At) {
        self.conclude(at);
        if self.is_in_body() {
            self.undecodable(self.body_bytes, -1.0);
            self.conclude(at);
        } else if self.facts.state == State::Refused {
            self.facts.state = State::Closed;
        }
    }

    const fn is_in_body(&self) -> bool {
        matches!(self.facts.state, State::Open | State::Untyped)
    }

    /// Sets the cursor to one that is not a record's own id, unless that would move it back: such a cursor may repeat an id that an
    /// earlier attempt delivered.
    fn move_cursor(&mut self, cursor: Option<&[u8]>) {
        let Some(cursor) = cursor.filter(|cursor| *cursor != self.cursor) else { return };
        let key = self.key.into();
        let is_earlier = self.begun > 1 && self.delivered.contains(cursor, key);
        if !is_earlier {
            self.set_cursor(Some(cursor));
        }
    }

    #[inline]
    fn set_cursor(&mut self, cursor: Option<&[u8]>) {
        if let Some(cursor) = cursor {
            replace(&mut self.cursor, cursor);
        }
    }
}
