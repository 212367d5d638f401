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
}

/// A reply with status 200.
#[derive(Clone)]
pub(crate) struct Reply {
    pub(crate) head_after: Duration,
    pub(crate) content_type: Option<&'static str>,
    pub(crate) coding: Option<Coding>,
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
            Meets::Status { status: 204, .. } => "status 204",
            Meets::Status { retry_after: Some("0" | "1" | "Sun, 06 Nov 1994 08:49:37 GMT"), .. } => {
                "busy, with Retry-After"
            }
            Meets::Status { retry_after: Some("soon"), .. } => "busy, Retry-After is garbage",
            Meets::Status { retry_after: Some(_), .. } => "busy, Retry-After too long",
            Meets::Status { status: 408 | 425 | 429 | 500 | 502 | 503 | 504 | 529, .. } => "busy",
            Meets::Status { .. } => "refused by status",
            Meets::RoundAndRound => "redirects without end",
            Meets::Reply(reply) => reply.fault,
        }
    }
}
