//! The script of one stream: the options of its caller, and the answer to each of its requests.

use std::time::Duration;

use tidewire::{Format, Resume};

use crate::coding::Coding;

/// The script of one stream.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) call: CallOptions,
    /// One for each request.
    pub(crate) attempts: Vec<Attempt>,
}

/// The options of a caller.
#[derive(Clone, Debug)]
pub(crate) struct CallOptions {
    pub(crate) format: Format,
    /// The format is chosen by hand, whatever the content type.
    pub(crate) by_hand: bool,
    pub(crate) kind: ItemKind,
    pub(crate) method: Verb,
    pub(crate) payload: Payload,
    pub(crate) declared: Declared,
    pub(crate) resume: Resume,
    pub(crate) follow: bool,
    /// Leave out records that arrive again.
    pub(crate) dedupe: bool,
    pub(crate) refresh: Option<Refresh>,
    /// Where an earlier stream stopped.
    pub(crate) begin: Option<String>,
    /// Where the JSON field `seq` is sent as the cursor; `None` if event ids are the cursor.
    pub(crate) cursor_to: Option<To>,
    pub(crate) end_on: EndOn,
    /// No failure marker, not even `event: error`.
    pub(crate) fail_on_none: bool,
    /// `json:type=heartbeat` is declared.
    pub(crate) heartbeat: bool,
    pub(crate) deliver_unterminated: bool,
    pub(crate) max_event_bytes: Option<usize>,
    pub(crate) retry_attempts: u32,
    pub(crate) retry_delay: Duration,
    pub(crate) limits: Limits,
    /// The caller closes the stream after this many items.
    pub(crate) close_after: Option<usize>,
    pub(crate) http2: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ItemKind {
    Frames,
    Events,
    Records,
    Text,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
    Put,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Payload {
    None,
    Bytes,
    /// A body that can be read only once.
    Once,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Declared {
    Nothing,
    Idempotent,
    Key,
}

/// Whether the caller's function that renews credentials succeeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refresh {
    Works,
    Fails,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum To {
    Header,
    Query,
    Body,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndOn {
    /// `[DONE]`, which is optional.
    Default,
    /// `event:close`, which is required.
    Event,
    /// `json:done=true`, which is required.
    Json,
    /// Only the end of the body.
    None,
}

/// Time limits. Those that are set are short, and only silence exceeds them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Limits {
    pub(crate) idle: Option<Duration>,
    pub(crate) first_event: Option<Duration>,
    pub(crate) progress: Option<Duration>,
    pub(crate) total: Option<Duration>,
}

impl Limits {
    pub(crate) fn any(&self) -> Option<Duration> {
        self.idle.or(self.first_event).or(self.progress).or(self.total)
    }
}

/// One request and its answer.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub(crate) stage: Stage,
    /// The status of a redirect to the server's other port that comes first.
    pub(crate) redirect: Option<u16>,
    pub(crate) answer: Answer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// `tidewire serve`.
    Serve,
    /// The server of raw bytes.
    Raw,
    /// The HTTP/2 server.
    Http2,
}

#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// Nobody listens on the port.
    Nobody,
    /// The server accepts the connection and never answers the TLS handshake.
    SilentTls,
    NoHead(NoHead),
    Status {
        status: u16,
        retry_after: Option<&'static str>,
        retry_after_ms: Option<&'static str>,
    },
    /// Endless redirects.
    EndlessRedirects,
    Response(Response),
}

/// Why no head arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoHead {
    HangUp,
    Reset,
    Half,
    Garbage,
    Silence,
    /// HTTP/2: the request was not processed (REFUSED_STREAM).
    NotProcessed,
    /// HTTP/2: the server wants another version of HTTP.
    WantsHttp1,
}

/// A response with status 200.
#[derive(Clone)]
pub(crate) struct Response {
    pub(crate) head_after: Duration,
    pub(crate) content_type: Option<&'static str>,
    pub(crate) coding: Option<Coding>,
    /// How many whole bodies the coded one is made of.
    pub(crate) parts: usize,
    pub(crate) relay: Relay,
    pub(crate) framing: Framing,
    /// The coded body, in the pieces in which it is written.
    pub(crate) slices: Vec<Vec<u8>>,
    /// Wait a millisecond between the writes.
    pub(crate) slow: bool,
    pub(crate) end: End,
    /// The last write waits until everything before it has been read.
    pub(crate) held: bool,
    /// The name of its fault in the report.
    pub(crate) fault: &'static str,
}

/// What the head says about a relay that keeps the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relay {
    /// Nothing.
    No,
    /// This server keeps it at [`KEPT`].
    Here,
    /// Another origin keeps it, which must not be asked.
    Elsewhere,
    /// There is a `Location`, but no `Tidewire-Stream`.
    Unnamed,
}

/// Where `serve` keeps a response: its scenario continues there.
pub(crate) const KEPT: &str = "/s?kept=1";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Chunked,
    Length,
    Close,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// A clean end.
    Clean,
    /// The connection is closed before the end that the head announced. `serve` resets the stream over HTTP/2.
    Cut,
    /// A TCP reset.
    Reset,
    /// A reset of the HTTP/2 stream with this code.
    StreamReset(u32),
    /// Nothing more is sent, and the connection stays open.
    Silence,
    /// Only comments are sent.
    Comments,
    /// A clean end, and bytes after it.
    Garbage(&'static [u8]),
}

impl Response {
    pub(crate) fn wire(&self) -> Vec<u8> {
        self.slices.concat()
    }
}

impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Response")
            .field("fault", &self.fault)
            .field("head_after", &self.head_after)
            .field("content_type", &self.content_type)
            .field("coding", &self.coding)
            .field("parts", &self.parts)
            .field("relay", &self.relay)
            .field("framing", &self.framing)
            .field("slow", &self.slow)
            .field("end", &self.end)
            .field("held", &self.held)
            .field("wire", &self.wire().escape_ascii().to_string())
            .finish()
    }
}

impl Attempt {
    /// Its name in the report.
    pub(crate) fn fault(&self) -> &'static str {
        match &self.answer {
            Answer::Nobody => "nobody listens",
            Answer::SilentTls => "silence in the TLS handshake",
            Answer::NoHead(NoHead::HangUp) => "closed before the head",
            Answer::NoHead(NoHead::Reset) => "reset before the head",
            Answer::NoHead(NoHead::Half) => "half a head",
            Answer::NoHead(NoHead::Garbage) => "garbage for a head",
            Answer::NoHead(NoHead::Silence) => "silence before the head",
            Answer::NoHead(NoHead::NotProcessed) => "HTTP/2: not processed",
            Answer::NoHead(NoHead::WantsHttp1) => "HTTP/2: wants HTTP/1.1",
            Answer::Status { status: 204, .. } => "status 204",
            Answer::Status { status: 401, .. } => "status 401",
            Answer::Status {
                status: 408 | 425 | 429 | 500 | 502 | 503 | 504 | 529,
                retry_after,
                retry_after_ms,
            } => match (retry_after, retry_after_ms) {
                (_, Some("60001" | "1e3" | "99999999999999999999")) => {
                    "busy, retry-after-ms is too long or garbage"
                }
                (_, Some(_)) => "busy, with retry-after-ms",
                (Some("0.02" | ".5"), None) => "busy, Retry-After has a fraction",
                (Some("soon"), None) => "busy, Retry-After is garbage",
                (Some("61" | "99999999999999999999"), None) => "busy, Retry-After too long",
                (Some(_), None) => "busy, with Retry-After",
                (None, None) => "busy",
            },
            Answer::Status { .. } => "refused by status",
            Answer::EndlessRedirects => "redirects without end",
            Answer::Response(response) => response.fault,
        }
    }
}
