//! How a stream ended, its counts and its state.

use super::status::tidewire_code;
use super::text::{tidewire_header, tidewire_text};
use crate::end::{StreamEnd, StreamStats};
use crate::stream::StreamState;

/// A number that may be missing, which is -1.
pub(super) fn number(number: Option<u64>) -> i64 {
    number.map_or(-1, |number| i64::try_from(number).unwrap_or(i64::MAX))
}

/// What a stream received so far, and how long it took, in milliseconds.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tidewire_stream_stats {
    /// From the start to the first byte of a body; -1 before that.
    pub first_byte_ms: i64,
    /// From the start to the first record; -1 before that.
    pub first_event_ms: i64,
    /// Bytes of the decoded bodies.
    pub bytes: u64,
    /// Records that were delivered.
    pub events: u64,
    /// Requests that were sent.
    pub attempts: u32,
    /// The longest silence on the wire while the caller was waiting.
    pub longest_silence_ms: u64,
    /// From the start to the end, or to now.
    pub elapsed_ms: u64,
}

impl From<StreamStats> for tidewire_stream_stats {
    fn from(stats: StreamStats) -> Self {
        Self {
            first_byte_ms: number(stats.first_byte_ms),
            first_event_ms: number(stats.first_event_ms),
            bytes: stats.bytes,
            events: stats.events,
            attempts: stats.attempts,
            longest_silence_ms: stats.longest_silence_ms,
            elapsed_ms: stats.elapsed_ms,
        }
    }
}

/// How a stream ended. Its texts stay valid until the stream or the decoder is freed.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tidewire_end {
    /// The outcome. TIDEWIRE_CODE_COMPLETE and TIDEWIRE_CODE_ENDED are success.
    pub code: tidewire_code,
    /// What to tell people; empty for a success.
    pub message: tidewire_text,
    /// The cursor from which a later stream can continue this one, if there is one.
    pub cursor: tidewire_text,
    /// What the transport or the peer said about the failure, if anything; of a refusal, the server's reason.
    pub error: tidewire_text,
    /// The HTTP status of a refusal, else 0.
    pub status: u16,
    /// The headers of the refused response.
    pub headers: *const tidewire_header,
    pub header_count: usize,
    /// The body of the refused response, up to 64 KiB; any bytes.
    pub body: tidewire_text,
    /// The wait that a refusal asked for, if it was too long to be honoured; else -1.
    pub retry_after_ms: i64,
    /// Which limit passed, if one did: connect, first_event, idle, progress, total or queue.
    pub timeout: tidewire_text,
    /// Where the body became unreadable, in bytes of the decoded body; else -1.
    pub offset: i64,
    /// The limit that a record exceeded, in bytes; else -1.
    pub limit: i64,
    /// What the stream received.
    pub stats: tidewire_stream_stats,
}

/// An end, kept as long as its stream, because C points into it.
pub(super) struct KeptEnd {
    end: StreamEnd,
    /// They point into `end`.
    headers: Vec<tidewire_header>,
}

// SAFETY: the pointers lead into texts that `KeptEnd` owns and that nothing changes.
unsafe impl Send for KeptEnd {}
// SAFETY: as above.
unsafe impl Sync for KeptEnd {}

impl KeptEnd {
    pub(super) fn new(end: StreamEnd) -> Self {
        Self { headers: tidewire_header::all(&end.headers), end }
    }

    /// The end as C sees it, which points into this.
    pub(super) fn for_c(&self) -> tidewire_end {
        let Self { end, headers } = self;
        tidewire_end {
            code: tidewire_code::of(&end.code),
            message: tidewire_text::of(&end.message),
            cursor: tidewire_text::of_optional(end.cursor.as_deref()),
            error: tidewire_text::of_optional(end.error.as_deref()),
            status: end.status.unwrap_or(0),
            headers: headers.as_ptr(),
            header_count: headers.len(),
            body: end.body.as_deref().map_or(tidewire_text::NONE, tidewire_text::of_bytes),
            retry_after_ms: number(end.retry_after_ms),
            timeout: tidewire_text::of_optional(end.timeout.as_deref()),
            offset: number(end.offset),
            limit: number(end.limit),
            stats: end.stats.into(),
        }
    }
}

/// What a stream is doing.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tidewire_state_kind {
    /// Nothing was asked for yet.
    TIDEWIRE_STATE_IDLE = 0,
    /// A request is on its way.
    TIDEWIRE_STATE_CONNECTING = 1,
    /// A response is being read.
    TIDEWIRE_STATE_OPEN = 2,
    /// It waits before the next attempt.
    TIDEWIRE_STATE_WAITING = 3,
    /// It is over.
    TIDEWIRE_STATE_CLOSED = 4,
}

/// What a stream is doing, in numbers.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct tidewire_stream_state {
    pub kind: tidewire_state_kind,
    /// While it waits: the rest of the wait in milliseconds; else -1.
    pub delay_ms: i64,
    /// Once it is over: the outcome; TIDEWIRE_CODE_NONE if no request could be made.
    pub code: tidewire_code,
}

impl From<StreamState> for tidewire_stream_state {
    fn from(state: StreamState) -> Self {
        use tidewire_state_kind::*;
        let kind = match &*state.name {
            "idle" => TIDEWIRE_STATE_IDLE,
            "connecting" => TIDEWIRE_STATE_CONNECTING,
            "open" => TIDEWIRE_STATE_OPEN,
            "waiting" => TIDEWIRE_STATE_WAITING,
            _ => TIDEWIRE_STATE_CLOSED,
        };
        Self {
            kind,
            delay_ms: number(state.delay_ms),
            code: tidewire_code::of(state.outcome.as_deref().unwrap_or("none")),
        }
    }
}
