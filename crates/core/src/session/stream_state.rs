//! The states of a stream, for callers.

use core::time::Duration;

use super::outcome::Outcome;

/// What a stream is doing now.
///
/// ```text
///             ┌─────────────── open ──────────────┐
/// Idle ─▶ Connecting ─▶ Open ─▶ Waiting{delay} ─▶ Connecting …      any ─▶ Closed(outcome)
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamState {
    /// The caller has not asked for an item yet, or the stream waits for a slot on its client.
    Idle,
    /// A request is being made or was sent, and the head of its response has not arrived.
    Connecting,
    /// A body is being read.
    Open,
    /// Another attempt will follow.
    Waiting {
        /// In how long from now.
        delay: Duration,
    },
    /// The stream is over, with this outcome; `None` if the driver could not make its first request.
    Closed(Option<Outcome>),
}

impl StreamState {
    /// The stable name, the same string in every language: `idle`, `connecting`, `open`, `waiting` or `closed`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Connecting => "connecting",
            Self::Open => "open",
            Self::Waiting { .. } => "waiting",
            Self::Closed(_) => "closed",
        }
    }
}
