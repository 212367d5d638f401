//! What a session says of itself, as numbers at fixed places: JavaScript reads them there.

use core::time::Duration;

use super::action::{Reason, Retry};
use super::outcome::{Limit, Outcome, Refusal};
use super::time::duration;

/// The numbers of a session. Times are in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Facts {
    /// What the stream is doing now.
    pub state: State,
    /// How it ended.
    pub end: End,
    /// Which time limit passed, if one did.
    pub limit: Limit,
    /// Why a response was refused.
    pub why: Why,
    /// The status of the response that was refused, or whose body has no content type.
    pub status: u32,
    /// Requests that were sent.
    pub attempts: u32,
    /// The number of the next attempt; the first one was 1.
    pub attempt: u32,
    /// Why it is made.
    pub reason: Reason,
    /// The credentials must be renewed before it is sent.
    pub refresh: bool,
    /// It is a GET of the `Location` under which a relay keeps the response.
    pub at_relay: bool,
    /// The gap that is to be reported begins after the cursor that the caller gave, not after the last one that arrived.
    pub gap_from_start: bool,
    /// Records that were delivered.
    pub events: f64,
    /// Bytes of the decoded bodies.
    pub bytes: f64,
    /// From the start to the first byte of a body; negative before that.
    pub first_byte: f64,
    /// From the start to the first record; negative before that.
    pub first_event: f64,
    /// When the consumer started the stream.
    pub started: f64,
    /// The wait that a response asked for, if it was refused for that.
    pub retry_after: f64,
    /// Where an unreadable body cannot be decoded further, in bytes from 0.
    pub offset: f64,
    /// The limit that a record exceeded there, in bytes; negative if the body is malformed.
    pub size_limit: f64,
    /// How long to wait before the next attempt.
    pub delay: f64,
    /// The wait that `retry:` asked for, if it was longer than what is honoured; otherwise 0.
    pub asked: f64,
    /// The silence that is to be reported.
    pub silent: f64,
}

/// What a session is doing.
///
/// ```text
///             ┌─────────────── open ──────────────┐
/// Idle ─▶ Connecting ─▶ Open ─▶ Waiting ─▶ Connecting …      any ─▶ Closed, after a refusal by way of Refused
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum State {
    /// Not begun.
    Idle,
    /// A request is being made or was sent, and the head of its response has not arrived.
    Connecting,
    /// A body is being read.
    Open,
    /// Open, but the head had no content type: an empty body is like a 204, any other is refused.
    Untyped,
    /// Another attempt will follow.
    Waiting,
    /// The response is refused; what it says in its body is collected.
    Refused,
    /// Over.
    Closed,
}

/// The codes of [`Outcome`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
#[expect(missing_docs, reason = "as in Outcome")]
pub enum End {
    Complete,
    Ended,
    Truncated,
    Failed,
    Refused,
    TimedOut,
    Unreachable,
    Unreadable,
    Cancelled,
}

/// The codes of [`Refusal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
#[expect(missing_docs, reason = "as in Refusal")]
pub enum Why {
    Status,
    ContentType,
    RetryAfter,
}

impl Facts {
    pub(super) const fn new() -> Self {
        Self {
            events: 0.0,
            bytes: 0.0,
            first_byte: -1.0,
            first_event: -1.0,
            started: 0.0,
            retry_after: 0.0,
            offset: 0.0,
            size_limit: 0.0,
            delay: 0.0,
            asked: 0.0,
            silent: 0.0,
            state: State::Idle,
            end: End::Cancelled,
            limit: Limit::Total,
            why: Why::Status,
            status: 0,
            attempts: 0,
            attempt: 1,
            reason: Reason::Connect,
            refresh: false,
            at_relay: false,
            gap_from_start: false,
        }
    }

    /// How the stream ended, once it has.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        if self.state != State::Closed {
            return None;
        }
        Some(match self.end {
            End::Complete => Outcome::Complete,
            End::Ended => Outcome::Ended,
            End::Truncated => Outcome::Truncated,
            End::Failed => Outcome::Failed,
            End::Refused => Outcome::Refused {
                status: u16::try_from(self.status).unwrap_or_default(),
                why: match self.why {
                    Why::Status => Refusal::Status,
                    Why::ContentType => Refusal::ContentType,
                    Why::RetryAfter => Refusal::RetryAfter(duration(self.retry_after)),
                },
            },
            End::TimedOut => Outcome::TimedOut(self.limit),
            End::Unreachable => Outcome::Unreachable,
            End::Unreadable => {
                let limit = (self.size_limit >= 0.0).then_some(self.size_limit as usize);
                Outcome::Unreadable { offset: self.offset as u64, limit }
            }
            End::Cancelled => Outcome::Cancelled,
        })
    }

    /// The attempt that follows, with the gap before it.
    #[must_use]
    pub fn retry(&self, gap: bool) -> Retry {
        Retry {
            attempt: self.attempt,
            delay: duration(self.delay),
            reason: self.reason,
            gap,
            refresh: self.refresh,
            asked: known(self.asked).filter(|asked| !asked.is_zero()),
        }
    }
}

/// A time, if there is one.
pub(crate) fn known(ms: f64) -> Option<Duration> {
    (ms >= 0.0).then(|| duration(ms))
}
