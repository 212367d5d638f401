//! What a driver is told to do, and what a stream says of itself.

use alloc::string::String;
use core::time::Duration;

use crate::frame::Frame;
use crate::session::Retry;

/// What a stream says about itself between its records.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// Records may be missing here.
    Gap {
        /// The cursor after which they are missing, if there is one.
        after: Option<String>,
    },
    /// The current response repeats records that an earlier attempt delivered. Reported once per response.
    Replayed {
        /// The id of the first such record.
        id: String,
    },
    /// The wire has been silent for this long.
    Stalled(Duration),
}

/// What to do next.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Step<'a> {
    /// Deliver this frame, after the notice if there is one.
    Frame {
        /// The frame.
        frame: Frame<'a>,
        /// The notice to report before it.
        notice: Option<Notice>,
    },
    /// Report this.
    Notice(Notice),
    /// Send the request: to the relay if [`Stream::continues_at_relay`](crate::Stream::continues_at_relay), and with [`Stream::request_cursor`](crate::Stream::request_cursor). Call
    /// [`Stream::sent`](crate::Stream::sent) once it is handed to the transport.
    Connect,
    /// Drop the request that is under way, and report that another one will follow.
    Retry(Retry),
    /// Nothing this time; call again.
    Pass,
    /// The input is used up: wait for more, or for the [deadline](crate::Stream::deadline).
    Starved,
    /// Drop the request that is under way, if any. The stream is over; see [`Stream::outcome`](crate::Stream::outcome).
    Closed,
}

/// What a stream received and how long it took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// From the start to the first byte of a body.
    pub first_byte: Option<Duration>,
    /// From the start to the first record.
    pub first_event: Option<Duration>,
    /// Bytes of the decoded bodies.
    pub bytes: u64,
    /// Records that were delivered.
    pub events: u64,
    /// Requests that were sent.
    pub attempts: u32,
    /// The longest silence on the wire while the consumer was asking.
    pub longest_silence: Duration,
    /// From the start to the end, or to now.
    pub elapsed: Duration,
}
