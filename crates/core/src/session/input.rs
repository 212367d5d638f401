//! What happens to a stream, as data.

use core::time::Duration;

use super::reply_state::ReplyState;

/// One thing that happened to the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Input<'a> {
    /// The consumer asked for the stream.
    Start,
    /// The request of this attempt was handed to the transport.
    Sent,
    /// The response's head arrived.
    Head(Head),
    /// Bytes of the body arrived that decode to nothing yet.
    Activity,
    /// Bytes of the body arrived, whether or not they complete a record.
    Wire,
    /// A record arrived.
    Record {
        /// The cursor after it: `None` if the record does not change the cursor, empty if it clears it.
        cursor: Option<&'a str>,
        /// The record's own id; `None` if it only inherits the id of an earlier record.
        id: Option<&'a str>,
    },
    /// The cursor changed without a record.
    Cursor {
        /// The new cursor; empty if it was cleared.
        cursor: &'a str,
        /// The id that changed it, if an id did.
        id: Option<&'a str>,
    },
    /// The response whose head arrived was requested without its cursor, because a redirect dropped it: it starts over.
    CursorLost,
    /// The stream's `retry:` field asked for this wait before connecting again.
    RetryField(Duration),
    /// Whether an LLM reply is over after the records so far.
    Reply(ReplyState),
    /// The end marker arrived.
    EndMarker,
    /// A record reported that the peer failed.
    FailureMarker,
    /// The body ended cleanly.
    BodyEnd {
        /// It ended inside a record.
        inside_record: bool,
    },
    /// The transport failed.
    Broken(Failure),
    /// The function that renews the request's credentials failed, so the 401 refuses the stream.
    RefreshFailed,
    /// The body cannot be decoded any further.
    Unreadable {
        /// Where, in bytes of the decoded body.
        offset: u64,
        /// The limit that a record exceeded.
        limit: Option<usize>,
    },
    /// Time has passed. To be sent by the time of [`Session::deadline`](super::Session::deadline).
    Tick,
    /// The consumer stops asking for items; only the time limit on the whole stream keeps running.
    Pause,
    /// The consumer asks again.
    Resume,
    /// Connect now: the network is back, or the caller wants it.
    Kick,
    /// The program is back after an absence: it slept, or nobody looked at it. The connection may have died without a word.
    Check {
        /// How long it was away. The clock of [`At`](super::At) may have stood still meanwhile.
        away: Duration,
    },
    /// The client had no free slot for the stream in time.
    QueueTimeout,
    /// The caller stops the stream.
    Cancel,
}

/// The facts of a response's head that decide what happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The HTTP status.
    pub status: u16,
    /// Whether the consumer reads bodies of this content type.
    pub content_type: ContentType,
    /// How long the server asks to wait, as [`retry_after`](super::retry_after) reads it.
    pub retry_after: Option<Duration>,
    /// A relay keeps this response: it can be continued with a GET of its `Location`, which has the request's origin.
    pub relayed: bool,
}

/// Whether the consumer reads bodies of a response's content type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum ContentType {
    /// It does.
    Accepted,
    /// There is no content type, but the format is known or found out from the body. An empty body is then like a 204.
    Assumed,
    /// It does not.
    Refused,
    /// The head has no content type, and no default applies. An empty body then counts as a 204; any other is refused.
    Missing,
}

/// Where the transport failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
#[non_exhaustive]
pub enum Failure {
    /// Before the request was sent: DNS, connect, a broken TLS handshake.
    Connect,
    /// As `Connect`, because the time limit on connecting passed.
    ConnectTimeout,
    /// In a way that another attempt will not cure: a certificate that is not trusted, a peer that does not speak HTTP.
    Permanent,
    /// After sending, before a head.
    Head,
    /// Inside the body.
    Body,
}
