//! How a stream ended: always exactly one of these.

use core::fmt;
use core::time::Duration;

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The stream's own end marker was seen.
    Complete,
    /// Clean end of the body outside any record, and no marker was expected.
    Ended,
    /// The body ended or broke before the expected marker or inside a record, and could not be resumed.
    Truncated,
    /// The peer reported an error inside the stream.
    Failed,
    /// The status or the content type is not acceptable.
    Refused {
        /// The HTTP status of the response.
        status: u16,
        /// Why it is not acceptable.
        why: Refusal,
    },
    /// A time limit passed.
    TimedOut(Limit),
    /// Transport errors used up the attempts before any record arrived, or are permanent.
    Unreachable,
    /// A record exceeded its limit or the body could not be decoded, and reading cannot continue.
    Unreadable {
        /// The offset in the decoded body, in bytes from 0.
        offset: u64,
        /// The limit that a record exceeded, in bytes; `None` if the body is malformed.
        limit: Option<usize>,
    },
    /// The caller stopped it.
    Cancelled,
}

/// Why a response was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// Its status.
    Status,
    /// Its content type is not one of a stream.
    ContentType,
    /// It asks for a longer wait than a stream allows (60 s, or the rest of `timeout`).
    RetryAfter(Duration),
}

/// Which time limit passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
#[non_exhaustive]
pub enum Limit {
    /// Until TCP and TLS are established.
    Connect,
    /// From sending the request to the first record.
    FirstEvent,
    /// Silence on the wire.
    Idle,
    /// Time without records.
    Progress,
    /// The whole stream, all attempts.
    Total,
    /// Waiting for a slot on the client (`max_concurrent`).
    Queue,
}

impl Outcome {
    /// The stable code, the same string in every language.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Ended => "ended",
            Self::Truncated => "truncated",
            Self::Failed => "failed",
            Self::Refused { .. } => "refused",
            Self::TimedOut(_) => "timed_out",
            Self::Unreachable => "unreachable",
            Self::Unreadable { .. } => "unreadable",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether it is a success: complete or ended.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        matches!(self, Self::Complete | Self::Ended)
    }
}

impl Limit {
    /// The stable name, the same string in every language.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::FirstEvent => "first_event",
            Self::Idle => "idle",
            Self::Progress => "progress",
            Self::Total => "total",
            Self::Queue => "queue",
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Complete => f.write_str("the stream is complete"),
            Self::Ended => f.write_str("the stream ended"),
            Self::Truncated => f.write_str("the stream was cut off before its end"),
            Self::Failed => f.write_str("the server reported an error inside the stream"),
            Self::Refused { status, why: Refusal::Status } => write!(f, "refused with status {status}"),
            Self::Refused { status, why: Refusal::ContentType } => {
                write!(f, "refused: status {status}, but the content type is not one of a stream")
            }
            Self::Refused { status, why: Refusal::RetryAfter(time) } => {
                write!(
                    f,
                    "refused with status {status}: the server asks for a retry after {} s",
                    // Rounded up, so that what is just above a limit does not read as the limit.
                    time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0))
                )
            }
            Self::TimedOut(Limit::Connect) => f.write_str("no connection within the connect timeout"),
            Self::TimedOut(Limit::FirstEvent) => f.write_str("no first event within its timeout"),
            Self::TimedOut(Limit::Idle) => f.write_str("silence on the wire beyond the idle timeout"),
            Self::TimedOut(Limit::Progress) => f.write_str("no further event within the progress timeout"),
            Self::TimedOut(Limit::Total) => f.write_str("not done within the timeout"),
            Self::TimedOut(Limit::Queue) => {
                f.write_str("no free slot on the client within the queue timeout")
            }
            Self::Unreachable => f.write_str("the server could not be reached"),
            Self::Unreadable { offset, limit: Some(limit) } => {
                write!(f, "an event exceeds the limit of {limit} bytes at byte {offset}")
            }
            Self::Unreadable { offset, limit: None } => {
                write!(f, "the body cannot be decoded beyond byte {offset}")
            }
            Self::Cancelled => f.write_str("cancelled"),
        }
    }
}
