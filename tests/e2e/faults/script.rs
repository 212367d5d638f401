//! What one stream of the campaign is: what its caller asks for, and what each of its requests meets.

use std::time::Duration;

use tidewire::{Format, Resume};

use crate::coding::Coding;

/// One stream.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) ask: Ask,
    /// One for each request that the model expects.
    pub(crate) attempts: Vec<Attempt>,
}

/// What the caller asks for.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) format: Format,
    /// Named by hand, whatever the content type says.
    pub(crate) by_hand: bool,
    pub(crate) shape: Shape,
    pub(crate) method: Verb,
    pub(crate) payload: Payload,
    pub(crate) declared: Declared,
    pub(crate) resume: Resume,
    pub(crate) follow: bool,
    /// Records that arrive again are left out.
    pub(crate) dedupe: bool,
    pub(crate) refresh: Option<Refresh>,
    /// Where an earlier stream stopped.
    pub(crate) begin: Option<String>,
    /// Where the JSON field `seq` goes as the cursor; `None` leaves it to event ids.
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
    /// The caller closes the stream behind so many items.
    pub(crate) close_after: Option<usize>,
    pub(crate) http2: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
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
    /// A stream that can be read once.
    Once,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Declared {
    Nothing,
    Idempotent,
    Key,
}

/// What comes of the caller's function that renews a token.
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
    /// `[DONE]`, which need not come.
    Default,
    /// `event:close`, which must come.
    Event,
    /// `json:done=true`, which must come.
    Json,
    /// No end but the body's.
    None,
}

/// Those that are set are short, and nothing but silence passes them.
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

/// What one request meets.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub(crate) stage: Stage,
    /// The status by which it is first sent on to the server's other port.
    pub(crate) redirect: Option<u16>,
    pub(crate) meets: Meets,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// `tidewire serve`.
    Serve,
    /// The server of raw bytes.
    Raw,
    /// The server of HTTP/2, which resets its streams with any code.
    Http2,
}

#[derive(Clone, Debug)]
pub(crate) enum Meets {
    /// A port that nobody listens on.
    Nobody,
    /// A server that accepts and never answers the TLS handshake.
    MuteTls,
    NoHead(NoHead),
    Status {
        status: u16,
        retry_after: Option<&'static str>,
        retry_after_ms: Option<&'static str>,
    },
    /// Redirects without end.
    RoundAndRound,
    Reply(Reply),
}

/// How it goes before the head has come.
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

/// A reply with status 200.
#[derive(Clone)]
pub(crate) struct Reply {
    pub(crate) head_after: Duration,
    pub(crate) content_type: Option<&'static str>,
    pub(crate) coding: Option<Coding>,
    /// Of how many whole bodies the coded one is made.
    pub(crate) parts: usize,
    pub(crate) relay: Relay,
    pub(crate) framing: Framing,
    /// The body as it is on the wire, in the writes in which it is sent.
    pub(crate) slices: Vec<Vec<u8>>,
    /// Waits of a millisecond between the writes.
    pub(crate) slow: bool,
    pub(crate) end: End,
    /// The last write waits until all before it has been read.
    pub(crate) held: bool,
    /// What was done to it, for the report.
    pub(crate) fault: &'static str,
}

/// What a head says of a relay that keeps the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relay {
    /// Nothing.
    No,
    /// It is kept by this server, at [`KEPT`].
    Here,
    /// It is kept by another origin, which is nobody's to ask.
    Elsewhere,
    /// There is a `Location`, but no name of a stream.
    Unnamed,
}

/// Where `serve` keeps a response: its scenario goes on there.
pub(crate) const KEPT: &str = "/s?kept=1";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Chunked,
    Length,
    Close,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// As HTTP wants it.
    Clean,
    /// The connection is closed before the end that was promised; over HTTP/2 the stream is reset.
    Cut,
    /// A TCP reset.
    Reset,
    /// A reset of the HTTP/2 stream with this code.
    StreamReset(u32),
    /// Nothing more comes, and the connection stays open.
    Silence,
    /// Nothing but comments comes.
    Beats,
    /// A clean end, and bytes behind it.
    Garbage(&'static [u8]),
}

impl Reply {
    pub(crate) fn wire(&self) -> Vec<u8> {
        self.slices.concat()
    }
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reply")
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
    /// What the report counts it as.
    pub(crate) fn fault(&self) -> &'static str {
        match &self.meets {
            Meets::Nobody => "nobody listens",
            Meets::MuteTls => "silence in the TLS handshake",
            Meets::NoHead(NoHead::HangUp) => "closed before the head",
            Meets::NoHead(NoHead::Reset) => "reset before the head",
            Meets::NoHead(NoHead::Half) => "half a head",
            Meets::NoHead(NoHead::Garbage) => "garbage for a head",
            Meets::NoHead(NoHead::Silence) => "silence before the head",
            Meets::NoHead(NoHead::NotProcessed) => "HTTP/2: not processed",
            Meets::NoHead(NoHead::WantsHttp1) => "HTTP/2: wants HTTP/1.1",
            Meets::Status { status: 204, .. } => "status 204",
            Meets::Status { status: 401, .. } => "status 401",
            Meets::Status {
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
            Meets::Status { .. } => "refused by status",
            Meets::RoundAndRound => "redirects without end",
            Meets::Reply(reply) => reply.fault,
        }
    }
}
