//! The framings, and which one a content type asks for.

use core::fmt;
use core::str::FromStr;

/// How a body is cut into records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Format {
    /// Decided by the content type or, without one, by the first byte.
    #[default]
    Auto,
    /// Server-sent events (WHATWG HTML, 9.2).
    Sse,
    /// One JSON value per line.
    Ndjson,
    /// JSON text sequences (RFC 7464).
    JsonSeq,
    /// The elements of one JSON array.
    JsonArray,
    /// JSON values, concatenated or separated by white space.
    Concat,
    /// UTF-8 text as it arrives.
    Text,
}

/// The format that a content type announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Announced {
    Format(Format),
    /// `application/json`: the elements of an array if it begins with `[`, otherwise concatenated values.
    Json,
}

impl Format {
    /// Every format that a caller can choose, with its name.
    pub const NAMES: [(Self, &'static str); 7] = [
        (Self::Auto, "auto"),
        (Self::Sse, "sse"),
        (Self::Ndjson, "ndjson"),
        (Self::JsonSeq, "json-seq"),
        (Self::JsonArray, "json-array"),
        (Self::Concat, "concat"),
        (Self::Text, "text"),
    ];

    /// The content types that announce a format. `application/json` announces one of two: the elements of an array if the body begins with
    /// `[`, otherwise concatenated values.
    pub const CONTENT_TYPES: [(&'static str, Self); 12] = [
        ("text/event-stream", Self::Sse),
        ("application/x-ndjson", Self::Ndjson),
        ("application/ndjson", Self::Ndjson),
        ("application/jsonl", Self::Ndjson),
        ("application/x-jsonlines", Self::Ndjson),
        ("application/jsonlines", Self::Ndjson),
        ("application/json-lines", Self::Ndjson),
        ("application/json-stream", Self::Ndjson),
        ("application/stream+json", Self::Ndjson),
        ("text/x-ndjson", Self::Ndjson),
        ("application/json-seq", Self::JsonSeq),
        ("text/plain", Self::Text),
    ];

    /// The stable name, the same string in every language.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(format, _)| *format == self).map_or("auto", |(_, name)| name)
    }

    /// The value of the `Accept` header of a request for this format.
    #[must_use]
    pub const fn accept(self) -> &'static str {
        match self {
            Self::Auto => {
                "text/event-stream, application/x-ndjson, application/jsonl, application/json-seq, application/json;q=0.9, \
                 text/plain;q=0.8"
            }
            Self::Sse => "text/event-stream",
            Self::Ndjson => "application/x-ndjson, application/jsonl",
            Self::JsonSeq => "application/json-seq",
            Self::JsonArray | Self::Concat => "application/json",
            Self::Text => "text/plain",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(format, _)| *format).ok_or(UnknownFormat)
    }
}

/// No format has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such format; use auto, sse, ndjson, json-seq, json-array, concat or text")]
pub struct UnknownFormat;

impl Announced {
    /// The format that a `Content-Type` announces, parameters and case aside; `None` if it is not a stream. Of several types the last valid
    /// one counts (WHATWG Fetch, "extract a MIME type").
    pub(crate) fn by_content_type(value: &str) -> Option<Self> {
        let essence = types(value.as_bytes()).filter(|essence| is_type(essence)).last()?;
        if essence.eq_ignore_ascii_case(b"application/json") {
            return Some(Self::Json);
        }
        Format::CONTENT_TYPES
            .iter()
            .find(|(name, _)| essence.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, format)| Self::Format(*format))
    }
}

/// The types in a header value that may list several, each without its parameters. A comma in quotes does not separate.
fn types(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(value);
    core::iter::from_fn(move || {
        let all = rest?;
        let (mut quoted, mut escaped) = (false, false);
        let end = all.iter().position(|&byte| {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = quoted,
                b'"' => quoted = !quoted,
                _ => return byte == b',' && !quoted,
            }
            false
        });
        rest = end.and_then(|end| all.get(end + 1..));
        let one = all.get(..end.unwrap_or(all.len())).unwrap_or_default();
        one.split(|byte| *byte == b';').next().map(<[u8]>::trim_ascii)
    })
}

/// Whether it is a type and a subtype of token characters (RFC 9110, 5.6.2), and not `*/*`.
fn is_type(essence: &[u8]) -> bool {
    let mut parts = essence.split(|byte| *byte == b'/');
    let is_token = |part: Option<&[u8]>| {
        part.is_some_and(|part| {
            !part.is_empty()
                && part.iter().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte))
        })
    };
    is_token(parts.next()) && is_token(parts.next()) && parts.next().is_none() && essence != b"*/*"
}
