//! Errors, by whose fault they are.

use std::error::Error as StdError;
use std::fmt;

use http::HeaderMap;
use tidewire_core::session::{Outcome, Refusal};
use tidewire_core::{BadRecord, Format, Stats, TooLarge};

/// What an item of a stream may be instead of a record.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The caller's: the request cannot be made. Nothing was sent.
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// The peer's: a record is not JSON, or not the JSON that was asked for. The stream goes on.
    #[error(transparent)]
    BadRecord(#[from] RecordError),
    /// The peer's: an event outgrew its limit and was passed over. The stream goes on.
    #[error(transparent)]
    Skipped(#[from] TooLarge),
    /// The stream's end, which is neither `complete` nor `ended`; the last item.
    #[error(transparent)]
    Ended(#[from] Box<StreamEnd>),
}

impl Error {
    /// The stable code, the same string in every language: the outcome's for the end of a stream, else `usage`,
    /// `bad_record` or `too_large`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Usage(_) => "usage",
            Self::BadRecord(_) => "bad_record",
            Self::Skipped(_) => "too_large",
            Self::Ended(end) => end.outcome.code(),
        }
    }

    /// Whether the stream is over with it.
    #[must_use]
    pub const fn is_last(&self) -> bool {
        matches!(self, Self::Usage(_) | Self::Ended(_))
    }

    /// How the stream ended, if this is its end.
    #[must_use]
    pub fn end(&self) -> Option<&StreamEnd> {
        match self {
            Self::Ended(end) => Some(end),
            _ => None,
        }
    }
}

/// What the caller has to mend before a request can be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UsageError {
    /// The URL is none, or not of HTTP.
    #[error("not an HTTP URL ({problem}); write it like https://host/path")]
    Url {
        /// What is wrong with it.
        problem: String,
    },
    /// A header's name or value has characters that no header may have.
    #[error("the header {name:?} cannot be sent: its name or value has characters that HTTP does not allow")]
    Header {
        /// The name as given; the value may be a secret.
        name: String,
    },
    /// What was given as certificates of authorities cannot be used.
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
    /// A stored cursor, with a request that makes a new response.
    #[error(
        "nothing of a new response is behind a cursor; read the one that it belongs to with GET …/responses/{{id}}"
    )]
    StoredCursor,
    /// [`Resume::Elsewhere`](crate::Resume::Elsewhere) without a function that makes the other request.
    #[error(
        "a stream that is resumed elsewhere needs the function that makes the request; give it to resume_with()"
    )]
    NoResumeFunction,
    /// The format that was chosen has no such items.
    #[error("{format} has no {items}; frames() shows what it has")]
    Format {
        /// The format.
        format: Format,
        /// What was asked for: `events` or `records`.
        items: &'static str,
    },
    /// The HTTP client cannot be set up or refused the request.
    #[error("the HTTP client refused the request: {problem}")]
    Client {
        /// What it said.
        problem: String,
    },
}

/// A record that is not what was asked for.
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

/// How a stream ended, and what it counters. The cursor is left out of its `Debug` output.
#[derive(Clone, PartialEq)]
pub struct StreamEnd {
    /// How it ended.
    pub outcome: Outcome,
    /// Where a stream that goes on behind this one would begin.
    pub cursor: Option<String>,
    /// What the transport or the peer said about the failure.
    pub error: Option<String>,
    /// The reply that was refused.
    pub refused: Option<Box<RefusedResponse>>,
    /// What the stream brought and took.
    pub stats: Stats,
}

/// A reply that was refused. Header values and the body are left out of its `Debug` output.
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
    /// Whether the stream came to its end as it should.
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
            .field("cursor", &self.cursor.as_ref().map(|_| format_args!("…")))
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
            .field("headers", &Names(&self.headers))
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish()
    }
}

/// Headers by their names: a reply's values can be secrets too.
pub(crate) struct Names<'a>(pub(crate) &'a HeaderMap);

impl fmt::Debug for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys().map(http::HeaderName::as_str)).finish()
    }
}

impl StdError for StreamEnd {}
