//! What a driver must do next.

use alloc::string::String;
use core::fmt;
use core::time::Duration;

/// What the driver must do now; [`Session::take`](super::Session::take) tells it, and [`Session::facts`](super::Session::facts) has the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Todo {
    /// Nothing, until the next input or the time that is [due](super::Session::due).
    Nothing = 1,
    /// Send the request, with [`Session::request_cursor`](super::Session::request_cursor), and say when it is [sent](super::Session::sent).
    Connect = 2,
    /// Drop the request that is under way, and report that another one will follow.
    Retry = 3,
    /// Report that records may be missing [here](super::Session::gap_after).
    Gap = 4,
    /// Report a silence on the wire.
    Stalled = 5,
    /// Drop the request that is under way, if any. The stream is over.
    Close = 6,
}

impl Todo {
    // In the order in which they happen, and are told.
    pub(super) const STALLED: u8 = 1;
    pub(super) const RETRY: u8 = 2;
    pub(super) const GAP: u8 = 4;
    pub(super) const CONNECT: u8 = 8;
}

/// What one [input](super::Input) causes. `Wait` and `Close` drop the request that is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Nothing, until the next input or the [deadline](super::Session::deadline).
    Nothing,
    /// Send the request, with [`Session::request_cursor`](super::Session::request_cursor).
    Connect,
    /// Wait for the deadline, then connect again.
    Wait(Retry),
    /// Report a silence on the wire.
    Stalled {
        /// How long it has lasted.
        silent: Duration,
    },
    /// Report that ids are missing before the record or id that was just fed, by the server's own order.
    Gap {
        /// The last id before the gap.
        after: String,
    },
    /// The record that was just fed had already arrived in an earlier attempt.
    Replayed {
        /// It is the first such record of this attempt, so it must be reported.
        first: bool,
    },
    /// The stream is over; see [`Session::outcome`](super::Session::outcome).
    Close,
}

/// A further request, and why it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// The number of the attempt; the first one was 1.
    pub attempt: u32,
    /// How long to wait before it.
    pub delay: Duration,
    /// What made it necessary.
    pub reason: Reason,
    /// Records may be lost: some have arrived, and there is no cursor to resume from.
    pub gap: bool,
    /// The request's credentials must be renewed before it is sent, since the server answered 401.
    pub refresh: bool,
    /// The wait that the stream's `retry:` field asked for, if it was longer than the 60 s that are honoured.
    pub asked: Option<Duration>,
}

/// Why a further request is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
#[non_exhaustive]
pub enum Reason {
    /// No connection.
    Connect,
    /// The connection broke before the head.
    Head,
    /// The body broke.
    Body,
    /// The response's status.
    Status,
    /// The body ended cleanly although more was expected.
    End,
    /// Silence on the wire.
    Idle,
    /// Silence between records.
    Progress,
    /// No first record.
    FirstEvent,
    /// The caller wanted it.
    Kick,
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
