//! How a stream ended.

use tidewire::{Outcome, Refusal};

use crate::item::ms;
use crate::settings::Header;

/// How a stream ended, and what it received.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct StreamEnd {
    /// The outcome: `complete` and `ended` are success; `truncated`, `failed`, `refused`, `timed_out`, `unreachable`, `unreadable` and
    /// `cancelled` are not. `usage` if no request could be made, `internal` for a defect of this library.
    pub code: String,
    /// What to tell people; empty for a success.
    pub message: String,
    /// The cursor from which a later stream can continue this one.
    pub cursor: Option<String>,
    /// What the transport or the peer said about the failure; of a refusal, the server's reason.
    pub error: Option<String>,
    /// The HTTP status of a refusal.
    pub status: Option<u16>,
    /// The headers of the refused response.
    pub headers: Vec<Header>,
    /// The body of the refused response, up to 64 KiB.
    pub body: Option<Vec<u8>>,
    /// The wait that a refusal asked for, if it was too long to be honoured, in milliseconds.
    pub retry_after_ms: Option<u64>,
    /// Which limit passed: `connect`, `first_event`, `idle`, `progress`, `total` or `queue`.
    pub timeout: Option<String>,
    /// Where the body became unreadable, in bytes of the decoded body.
    pub offset: Option<u64>,
    /// The limit that a record exceeded, in bytes.
    pub limit: Option<u64>,
    /// What the stream received.
    pub stats: StreamStats,
}

/// What a stream received so far, and how long it took, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, uniffi::Record)]
pub struct StreamStats {
    /// From the start to the first byte of a body.
    pub first_byte_ms: Option<u64>,
    /// From the start to the first record.
    pub first_event_ms: Option<u64>,
    /// Bytes of the decoded bodies.
    pub bytes: u64,
    /// Records that were delivered.
    pub events: u64,
    /// Requests that were sent.
    pub attempts: u32,
    /// The longest silence on the wire while the consumer was asking.
    pub longest_silence_ms: u64,
    /// From the start to the end, or to now.
    pub elapsed_ms: u64,
}

impl From<tidewire::Stats> for StreamStats {
    fn from(stats: tidewire::Stats) -> Self {
        Self {
            first_byte_ms: stats.first_byte.map(ms),
            first_event_ms: stats.first_event.map(ms),
            bytes: stats.bytes,
            events: stats.events,
            attempts: stats.attempts,
            longest_silence_ms: ms(stats.longest_silence),
            elapsed_ms: ms(stats.elapsed),
        }
    }
}

impl StreamEnd {
    pub(crate) fn of(end: &tidewire::StreamEnd) -> Self {
        let message = if end.is_success() { String::new() } else { end.to_string() };
        let mut made = Self {
            cursor: end.cursor.clone(),
            error: end.error.clone().filter(|_| !end.is_success()),
            stats: end.stats.into(),
            ..Self::without_outcome(end.outcome.code(), message)
        };
        match end.outcome {
            Outcome::Refused { status, why } => {
                made.status = Some(status);
                if let Refusal::RetryAfter(wait) = why {
                    made.retry_after_ms = Some(ms(wait));
                }
            }
            Outcome::TimedOut(limit) => made.timeout = Some(limit.name().to_owned()),
            Outcome::Unreadable { offset, limit } => {
                (made.offset, made.limit) = (Some(offset), limit.map(|limit| limit as u64));
            }
            _ => {}
        }
        if let Some(refused) = &end.refused {
            made.headers = Header::all(&refused.headers);
            made.body = Some(refused.body.clone());
        }
        made
    }

    /// A stream that could make no request, or that this library gave up.
    pub(crate) fn without_outcome(code: &str, message: String) -> Self {
        Self {
            code: code.to_owned(),
            message,
            cursor: None,
            error: None,
            status: None,
            headers: Vec::new(),
            body: None,
            retry_after_ms: None,
            timeout: None,
            offset: None,
            limit: None,
            stats: StreamStats::default(),
        }
    }
}
