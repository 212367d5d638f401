//! How a stream is read, and the head of a response as far as a stream looks at it.

use alloc::string::String;

use crate::format::Format;
use crate::json::Path;
use crate::marked_decoder::Markers;
use crate::options::DecoderOptions;
use crate::session::Policy;

/// Where the cursor comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CursorSource {
    /// The last event id of an SSE stream, sent as `Last-Event-ID`.
    #[default]
    EventId,
    /// A JSON field of each record.
    Json(Path),
}

/// How a stream is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamOptions {
    /// What may be sent again, and how long it may take. `expects_marker` follows from the markers.
    pub policy: Policy,
    /// The format; one that the caller chose overrides the content type.
    pub format: Format,
    /// Let the first bytes of the body decide the format if the content type is missing or `text/plain`. Otherwise a body without a
    /// content type is refused.
    pub sniff: bool,
    /// The only format that is read when the content type decides; `None` for any.
    pub only: Option<Format>,
    /// Refuse text, unless the caller chose it as the format.
    pub no_text: bool,
    /// The decoder's limits and choices. `done` follows from the markers.
    pub decoder: DecoderOptions,
    /// End, failure and heartbeat markers.
    pub markers: Markers,
    /// Where the cursor comes from.
    pub cursor_source: CursorSource,
    /// Where an earlier stream stopped.
    pub last_event_id: Option<String>,
    /// Leave out records that a later attempt repeats. The repeat is still reported.
    pub dedupe: bool,
}

/// The head of a response, as far as a stream looks at it. Header values are those of the response, as text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResponseHead<'a> {
    /// The HTTP status.
    pub status: u16,
    /// `Content-Type`; several of them joined with a comma.
    pub content_type: Option<&'a str>,
    /// `Retry-After`.
    pub retry_after: Option<&'a str>,
    /// `retry-after-ms`, which counts before `Retry-After`.
    pub retry_after_ms: Option<&'a str>,
    /// There is a `Tidewire-Stream`, and a `Location` on the requested origin: a relay keeps the response there.
    pub relayed: bool,
}
