//! The states of a stream, for callers.

use core::time::Duration;

use super::outcome::Outcome;

/// What a stream is doing now.
///
/// ```text
///             ┌─────────────── open ──────────────┐
/// Idle ─▶ Connecting ─▶ Open ─▶ Waiting{until} ─▶ Connecting …      any ─▶ Closed(outcome)
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamState {
    /// No item was requested yet, or the stream waits for a slot on its client.
    Idle,
    /// A request is under way and its response's head has not arrived.
    Connecting,
    /// A body is being read.
    Open,
    /// Another attempt will follow.
    Waiting {
        /// When, since the driver's origin of time.
        until: Duration,
    },
    /// The stream is over.
    Closed(Outcome),
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
