//! The list of fuzz targets. `cargo xtask fuzz` includes this file too.

/// One target: a function of the same name in this crate.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    /// The dictionary that helps it, in `fuzz/dictionaries`.
    pub(crate) words: Option<&'static str>,
    /// The longest input: long enough for what it reads, short enough for many per second.
    pub(crate) longest: usize,
}

pub(crate) const TARGETS: &[Target] = &[
    Target {
        name: "sse",
        what: "server-sent events, against the text of the standard and sse-core",
        words: Some("sse"),
        longest: 512,
    },
    Target {
        name: "page",
        what: "the decoder that pages download, against the native one",
        words: Some("sse"),
        longest: 512,
    },
    Target {
        name: "text",
        what: "text, against the whole of it decoded at once",
        words: Some("text"),
        longest: 256,
    },
    Target {
        name: "ndjson",
        what: "lines of JSON, against a naive reading",
        words: Some("json"),
        longest: 256,
    },
    Target {
        name: "json_seq",
        what: "JSON text sequences, against a naive reading",
        words: Some("json"),
        longest: 256,
    },
    Target {
        name: "json_array",
        what: "one JSON array, against a naive reading",
        words: Some("json"),
        longest: 256,
    },
    Target {
        name: "concat",
        what: "JSON values glued together, against a naive reading",
        words: Some("json"),
        longest: 256,
    },
    Target {
        name: "decoder",
        what: "which format is detected for a body",
        words: Some("json"),
        longest: 256,
    },
    Target {
        name: "session",
        what: "the session with any inputs, against a model of the table of reconnects",
        words: None,
        longest: 512,
    },
    Target {
        name: "stream",
        what: "the stream called in any order, its bodies cut and whole",
        words: Some("sse"),
        longest: 128,
    },
    Target {
        name: "lookup",
        what: "one value out of a JSON text, against serde_json",
        words: Some("json"),
        longest: 256,
    },
    Target {
        name: "strings",
        what: "JSON strings and white space, against serde_json",
        words: Some("json"),
        longest: 256,
    },
    Target {
        name: "views",
        what: "fields and items of a JSON text, against serde_json",
        words: Some("json"),
        longest: 256,
    },
    Target {
        name: "partial",
        what: "JSON that grows, against the whole of it and serde_json",
        words: Some("json"),
        longest: 256,
    },
    Target {
        name: "dialects",
        what: "LLM replies in each dialect, read with and without the fast path for similar records",
        words: Some("dialects"),
        longest: 2048,
    },
    Target {
        name: "alike",
        what: "LLM replies, read in place and frame by frame",
        words: Some("dialects"),
        longest: 2048,
    },
    Target { name: "retry_after", what: "Retry-After, against httpdate", words: Some("dates"), longest: 64 },
];
