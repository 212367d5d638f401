//! From the start of an attempt to the head of its response.

use super::action::Reason;
use super::action::Todo;
use super::facts::{End, State, Why};
use super::input::{ContentType, Failure};
use super::outcome::Limit;
use super::policy::Resume;
use super::session::{Body, CleanEnd, Session};
use super::time::At;

/// The longest wait that a server can ask for, in milliseconds.
pub(super) const LONGEST_SERVER_WAIT: f64 = 60_000.0;
const UNAUTHORIZED: u32 = 401;
const TOO_MANY_REQUESTS: u32 = 429;
const SERVICE_UNAVAILABLE: u32 = 503;
const OVERLOADED: u32 = 529;

impl Session {
    /// The consumer asked for the stream.
    pub fn start(&mut self, at: At) {
        if self.facts.state == State::Idle {
            self.facts.started = at.now;
            self.key = at.chance;
            if self.rules.reply {
                self.clean_end = CleanEnd::Misses;
            } else if self.rules.expects_marker {
                self.clean_end = CleanEnd::Truncates;
            }
            self.connect(at.now);
        }
    }

    /// The client had no free slot for the stream in time.
    pub fn queue_timeout(&mut self, now: f64) {
        if matches!(self.facts.state, State::Idle | State::Connecting) {
            self.time_out(now, Limit::Queue);
        }
    }

    /// The request of this attempt was handed to the transport.
    pub fn sent(&mut self) {
        if self.is_connecting() {
            self.facts.attempts += 1;
            self.facts.refresh = false;
        }
    }

    /// The function that renews the request's credentials failed, so the 401 refuses the stream.
    pub fn refresh_failed(&mut self, now: f64) {
        if self.is_connecting() {
            self.facts.status = UNAUTHORIZED;
            self.refuse(now, Why::Status);
            self.facts.state = State::Closed;
        }
    }

    /// The response's head arrived. `retry_after` is the wait that it asks for, negative if it asks for none; `relayed` says that a relay keeps
    /// the response, so that it can be continued with a GET of its `Location`, which has the request's origin.
    pub fn head(&mut self, at: At, status: u32, content_type: ContentType, retry_after: f64, relayed: bool) {
        let now = at.now;
        if !self.is_connecting() {
            return;
        }
        self.watchdog.wire(now);
        // A reply that was complete stays complete if this response continues it from a cursor, but not if it starts over.
        if self.clean_end == CleanEnd::Completes && self.request_cursor().is_empty() {
            self.clean_end = CleanEnd::Truncates;
        }
        self.facts.status = status;
        let is_temporary = matches!(
            status,
            408 | 425 | TOO_MANY_REQUESTS | 500 | 502 | SERVICE_UNAVAILABLE | 504 | OVERLOADED
        );
        if status / 100 == 2 {
            self.accept(now, content_type, relayed);
        } else if status == UNAUTHORIZED && self.may_refresh() {
            // This does not count as a retry.
            self.refreshed = true;
            self.facts.refresh = true;
            self.wait(now, 0.0, Reason::Status, false);
        } else if !is_temporary {
            self.refuse(now, Why::Status);
        } else if retry_after > LONGEST_SERVER_WAIT || retry_after > self.remaining(now) {
            self.facts.retry_after = retry_after;
            self.refuse(now, Why::RetryAfter);
        } else {
            let invites =
                matches!(status, TOO_MANY_REQUESTS | SERVICE_UNAVAILABLE | OVERLOADED) && retry_after >= 0.0;
            let may = self.may_repeat() || (invites && self.rules.repeatable);
            if !self.retry(at, Reason::Status, may, retry_after, false) {
                self.refuse(now, Why::Status);
            }
        }
    }

    /// The head of a response with a status of success.
    fn accept(&mut self, now: f64, content_type: ContentType, relayed: bool) {
        if self.total_passed(now) {
            self.time_out(now, Limit::Total);
        } else if self.facts.status == 204 {
            self.no_content(now);
        } else if content_type == ContentType::Refused {
            self.refuse(now, Why::ContentType);
        } else {
            self.body = Body::GoesOn;
            self.body_bytes = 0.0;
            self.since = now;
            if content_type == ContentType::Missing {
                self.facts.state = State::Untyped;
                return;
            }
            self.facts.state = State::Open;
            self.unlabelled_and_empty = content_type == ContentType::Assumed;
            self.refreshed = false;
            self.facts.at_relay |= relayed && self.rules.resume != Resume::Never;
        }
    }

    /// A 204, or an empty body without a content type.
    pub(super) fn no_content(&mut self, now: f64) {
        let end = match self.clean_end {
            CleanEnd::Ends => End::Ended,
            CleanEnd::Truncates | CleanEnd::Misses => End::Truncated,
            CleanEnd::Completes => End::Complete,
        };
        self.close(now, end);
    }

    /// The response whose head arrived was requested without its cursor, because a redirect dropped it: it starts over. A stream that has
    /// delivered records is truncated, unless it is followed; otherwise this is reported as a gap. Until a record arrives, a further request still
    /// continues from that cursor.
    pub fn cursor_lost(&mut self, now: f64) {
        if self.facts.state != State::Open || self.request_cursor().is_empty() {
            return;
        }
        if self.any_record && !self.rules.follow {
            return self.close(now, End::Truncated);
        }
        if self.clean_end == CleanEnd::Completes {
            self.clean_end = CleanEnd::Truncates;
        }
        self.facts.gap_from_start = !self.may_resume();
        self.todo |= Todo::GAP;
    }

    /// The attempt failed before a head.
    pub(super) fn failed_to_open(&mut self, at: At, failure: Failure) {
        match failure {
            Failure::Connect | Failure::ConnectTimeout => {
                // Nothing was sent, so nothing can be repeated; but a body that can be read only once is gone.
                let may = self.rules.repeatable || self.may_repeat();
                if self.retry(at, Reason::Connect, may, -1.0, false) {
                } else if failure == Failure::ConnectTimeout {
                    self.time_out(at.now, Limit::Connect);
                } else {
                    self.cut_off(at.now);
                }
            }
            Failure::Permanent => self.cut_off(at.now),
            Failure::Head | Failure::Body => self.broke_off(at, Reason::Head, None),
        }
    }

    /// Whether a request was [handed out](Todo::Connect), and the head of its response has not arrived.
    #[must_use]
    pub fn is_connecting(&self) -> bool {
        self.facts.state == State::Connecting && self.todo & Todo::CONNECT == 0
    }

    #[inline(never)]
    pub(super) fn connect(&mut self, now: f64) {
        self.begun += 1;
        self.facts.state = State::Connecting;
        self.watchdog.sent(now);
        self.delivered.begin_attempt();
        self.todo |= Todo::CONNECT;
    }
}
