//! Errors, sorted by whose fault they are.

use std::error::Error as StdError;
use std::fmt;

use http::HeaderMap;
use tidewire_core::session::{Outcome, Refusal};
use tidewire_core::{BadRecord, Format, Stats, TooLarge};

use crate::redact::{HeaderNames, hidden};

/// An error that a stream yields in place of a record.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The caller's fault: the request cannot be made. Nothing was sent.
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// The peer's fault: a record is not JSON, or does not fit its type. The stream continues.
    #[error(transparent)]
    BadRecord(#[from] RecordError),
    /// The peer's fault: an event exceeds its limit and was passed over. The stream continues.
    #[error(transparent)]
    Skipped(#[from] TooLarge),
    /// The last item: the stream ended, neither `complete` nor `ended`.
    #[error(transparent)]
    Ended(#[from] Box<StreamEnd>),
}

impl Error {
    /// The stable code, the same string in every language: the outcome's code for the end of a stream, else `usage`, `bad_record` or
    /// `too_large`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Usage(_) => "usage",
            Self::BadRecord(_) => "bad_record",
            Self::Skipped(_) => "too_large",
            Self::Ended(end) => end.outcome.code(),
        }
    }

    /// Whether this is the stream's last item.
    #[must_use]
    pub const fn is_last(&self) -> bool {
        matches!(self, Self::Usage(_) | Self::Ended(_))
    }

    /// How the stream ended, if this is its last item.
    #[must_use]
    pub fn end(&self) -> Option<&StreamEnd> {
        match self {
            Self::Ended(end) => Some(end),
            _ => None,
        }
    }
}

/// A mistake that the caller must correct before a request can be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UsageError {
    /// Not an HTTP(S) URL.
    #[error("not an HTTP URL ({problem}); write it like https://host/path")]
    Url {
        /// What is wrong with it.
        problem: String,
    },
    /// A header's name or value has characters that HTTP does not allow.
    #[error("the header {name:?} cannot be sent: its name or value has characters that HTTP does not allow")]
    Header {
        /// The name as given; the value may be a secret.
        name: String,
    },
    /// The certificates of authorities cannot be used.
    #[error("the CA certificates cannot be used: {problem}")]
    CaCertificates {
        /// What is wrong with them.
        problem: String,
    },
    /// The body cannot be written as JSON.
    #[error("the body cannot be written as JSON: {0}")]
    Json(#[source] serde_json::Error),
    /// The cursor cannot be put into the body.
    #[error("the cursor cannot be put into the body: it is not a JSON object")]
    CursorBody,
    /// A stored cursor with a request that makes a new response.
    #[error(
        "a new response cannot start from a cursor; read the response it belongs to with GET …/responses/{{id}}"
    )]
    StoredCursor,
    /// [`Resume::Elsewhere`](crate::Resume::Elsewhere) without a function that makes the other request.
    #[error("Resume::Elsewhere needs a function that makes the other request; pass it to resume_with()")]
    NoResumeFunction,
    /// The chosen format has no such items.
    #[error("{format} has no {items}; frames() shows what it has")]
    Format {
        /// The format.
        format: Format,
        /// The items that the caller wanted: `events` or `records`.
        items: &'static str,
    },
    /// A function of the caller that makes or changes requests returned an error.
    #[error("the request cannot be prepared: {problem}")]
    Prepare {
        /// The function's message.
        problem: String,
    },
    /// The HTTP client cannot be set up, or does not take the request.
    #[error("the HTTP client refused the request: {problem}")]
    Client {
        /// The client's message.
        problem: String,
    },
}

/// Why a record cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// It is not JSON.
    #[error(transparent)]
    NotJson(#[from] BadRecord),
    /// It is JSON, but does not fit the type.
    #[error("the record does not fit its type: {0}")]
    Type(#[source] serde_json::Error),
}

/// How a stream ended. The cursor is left out of its `Debug` output.
#[derive(Clone, PartialEq)]
pub struct StreamEnd {
    /// The outcome, one of nine.
    pub outcome: Outcome,
    /// The cursor from which a later stream can continue this one.
    pub cursor: Option<String>,
    /// What the transport or the peer said about the failure; of a refusal, the server's reason in one line.
    pub error: Option<String>,
    /// The response that was refused.
    pub refused: Option<Box<RefusedResponse>>,
    /// Counts and times of the whole stream.
    pub stats: Stats,
}

/// A response that was refused. Header values and the body are left out of its `Debug` output.
#[derive(Clone, PartialEq)]
pub struct RefusedResponse {
    /// The HTTP status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, up to 64 KiB.
    pub body: Vec<u8>,
}

impl StreamEnd {
    /// Whether the outcome is a success: `complete` or `ended`.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        self.outcome.is_success()
    }
}

impl fmt::Display for StreamEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = self.error.as_deref().map(|text| text.lines().next().unwrap_or_default());
        match (self.outcome, said) {
            (Outcome::Unreachable, Some(said)) => f.write_str(said),
            (Outcome::Unreadable { limit: Some(_), .. }, Some(said)) => f.write_str(said),
            (Outcome::Refused { why: Refusal::ContentType, .. }, Some(said)) => f.write_str(said),
            (outcome, Some(said)) => write!(f, "{outcome}: {said}"),
            (outcome, None) => write!(f, "{outcome}"),
        }
    }
}

impl fmt::Debug for StreamEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamEnd")
            .field("outcome", &self.outcome)
            .field("cursor", &hidden(self.cursor.as_ref()))
            .field("error", &self.error)
            .field("refused", &self.refused)
            .field("stats", &self.stats)
            .finish()
    }
}

impl fmt::Debug for RefusedResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefusedResponse")
            .field("status", &self.status)
            .field("headers", &HeaderNames(&self.headers))
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish()
    }
}

impl StdError for StreamEnd {}
