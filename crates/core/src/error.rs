//! Why decoding cannot continue.

use alloc::string::String;

use crate::frame::BadRecord;
use crate::numbers::sentence;

/// A record that exceeds `max_event_bytes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.words())]
pub struct TooLarge {
    /// The limit in bytes.
    pub limit: usize,
    /// Where in the decoded body the first byte beyond the limit is, counted from 0.
    pub offset: u64,
}

impl TooLarge {
    fn words(&self) -> String {
        let numbers = [self.limit as u64, self.offset];
        sentence(
            "event exceeds the limit of {} bytes at byte {}; raise the limit or skip oversized events",
            &numbers,
        )
    }
}

/// The peer sent something after which decoding cannot continue. The frames before it were handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// A record exceeds its limit.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// The JSON is malformed in a format in which the next record cannot be found.
    #[error(transparent)]
    Malformed(#[from] BadRecord),
}

impl DecodeError {
    /// The stable code, the same in every language: `too_large` or `bad_record`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge(_) => "too_large",
            Self::Malformed(_) => "bad_record",
        }
    }

    /// The text that `Display` shows.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::TooLarge(error) => error.words(),
            Self::Malformed(error) => sentence("not JSON at byte {}: ", &[error.offset]) + error.problem,
        }
    }

    /// Where in the decoded body it happened, in bytes from 0.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        match self {
            Self::TooLarge(error) => error.offset,
            Self::Malformed(error) => error.offset,
        }
    }
}
