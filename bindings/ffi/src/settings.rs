//! The options of clients and requests, flat: times are milliseconds, and what has names is written by its name.

use http::HeaderMap;

/// A header. A name may occur several times.
#[derive(Clone, Debug, Default, PartialEq, Eq, uniffi::Record)]
pub struct Header {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
}

impl Header {
    /// All headers; bytes that are no text are replaced.
    pub(crate) fn all(headers: &HeaderMap) -> Vec<Self> {
        let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| Self {
            name: name.as_str().to_owned(),
            value: String::from_utf8_lossy(value.as_bytes()).into_owned(),
        };
        headers.iter().map(header).collect()
    }
}

/// What the requests of a client share.
#[derive(Clone, Debug, Default, PartialEq, Eq, uniffi::Record)]
pub struct ClientSettings {
    /// Put before the path of each request.
    #[uniffi(default = None)]
    pub base_url: Option<String>,
    /// Sent with every request to the client's own origin.
    #[uniffi(default = [])]
    pub headers: Vec<Header>,
    /// The same, and never shown nor taken elsewhere.
    #[uniffi(default = [])]
    pub secret_headers: Vec<Header>,
    /// URLs of other origins that get the client's headers.
    #[uniffi(default = [])]
    pub allowed_origins: Vec<String>,
    /// PEM of authorities that are trusted besides the platform's.
    #[uniffi(default = None)]
    pub ca_certificates: Option<String>,
    /// Until TCP and TLS are established; 10 s by default, 0 for no limit.
    #[uniffi(default = None)]
    pub connect_timeout: Option<u64>,
    /// How many streams may be open at a time.
    #[uniffi(default = None)]
    pub max_concurrent: Option<u32>,
    /// How long a stream may wait for its slot.
    #[uniffi(default = None)]
    pub queue_timeout: Option<u64>,
}

/// A request and how its response is read. What is `None` has the client's default.
#[derive(Clone, Debug, Default, PartialEq, Eq, uniffi::Record)]
pub struct RequestSettings {
    /// GET by default, and POST with a body.
    #[uniffi(default = None)]
    pub method: Option<String>,
    /// The URL, or the path after the client's base URL.
    #[uniffi(default = "")]
    pub url: String,
    /// Added to the URL's query.
    #[uniffi(default = [])]
    pub query: Vec<Header>,
    /// Headers.
    #[uniffi(default = [])]
    pub headers: Vec<Header>,
    /// Headers that are never shown nor taken to another origin.
    #[uniffi(default = [])]
    pub secret_headers: Vec<Header>,
    /// The body's bytes.
    #[uniffi(default = None)]
    pub body: Option<Vec<u8>>,
    /// The body as JSON text.
    #[uniffi(default = None)]
    pub json: Option<String>,
    /// The body as fields of a form.
    #[uniffi(default = None)]
    pub form: Option<Vec<Header>>,

    /// `auto`, `sse`, `ndjson`, `json-seq`, `json-array`, `concat` or `text`.
    #[uniffi(default = None)]
    pub format: Option<String>,
    /// The dialect of an LLM's reply: `auto`, `openai-chat`, `anthropic` and others, or `generic:PATH`.
    #[uniffi(default = None)]
    pub dialect: Option<String>,
    /// The most bytes of one record; 16 MiB by default.
    #[uniffi(default = None)]
    pub max_event_bytes: Option<u64>,
    /// Leave out records beyond that, and report them.
    #[uniffi(default = false)]
    pub skip_oversized: bool,
    /// Deliver an SSE block whose blank line is missing at the end.
    #[uniffi(default = false)]
    pub deliver_unterminated: bool,

    /// End markers; an empty list turns the default off.
    #[uniffi(default = None)]
    pub end_on: Option<Vec<String>>,
    /// Failure markers; an empty list turns the default off.
    #[uniffi(default = None)]
    pub fail_on: Option<Vec<String>>,
    /// Heartbeat markers.
    #[uniffi(default = [])]
    pub heartbeat_on: Vec<String>,

    /// A subscription: connects again after every end, without limit.
    #[uniffi(default = false)]
    pub follow: bool,
    /// Sending the request twice has the same effect as sending it once.
    #[uniffi(default = false)]
    pub idempotent: bool,
    /// The same, with one `Idempotency-Key` for all attempts.
    #[uniffi(default = None)]
    pub idempotency_key: Option<String>,
    /// `auto`, `always` or `never`.
    #[uniffi(default = None)]
    pub resume: Option<String>,
    /// Where the cursor is in formats without event ids.
    #[uniffi(default = None)]
    pub cursor: Option<CursorSettings>,
    /// Where an earlier stream stopped.
    #[uniffi(default = None)]
    pub last_event_id: Option<String>,
    /// Leave out records that an earlier attempt delivered.
    #[uniffi(default = false)]
    pub dedupe: bool,
    /// Retries in a row, not counting the first request; 3 by default.
    #[uniffi(default = None)]
    pub retry_attempts: Option<u32>,
    /// The upper bound of the first wait; 1 s by default.
    #[uniffi(default = None)]
    pub retry_delay: Option<u64>,

    /// From sending the request to the first record; off by default.
    #[uniffi(default = None)]
    pub first_event_timeout: Option<u64>,
    /// Silence on the wire; 300 s by default, 0 for no limit.
    #[uniffi(default = None)]
    pub idle_timeout: Option<u64>,
    /// Time without records; off by default.
    #[uniffi(default = None)]
    pub progress_timeout: Option<u64>,
    /// The whole stream; off by default.
    #[uniffi(default = None)]
    pub timeout: Option<u64>,
    /// Silence that is reported; 15 s by default, 0 for never.
    #[uniffi(default = None)]
    pub stall_after: Option<u64>,
}

/// Where the cursor of a JSON record is, and where a request carries it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct CursorSettings {
    /// The path of the field in each record (`seq`, `meta.offset`).
    pub path: String,
    /// The part of the request that carries it.
    pub place: CursorPlace,
    /// The name of the parameter, header or field.
    pub name: String,
}

/// A part of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum CursorPlace {
    /// A query parameter.
    Query,
    /// A header.
    Header,
    /// A top-level field of the JSON body.
    Body,
}
