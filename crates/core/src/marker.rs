//! Markers: conditions on records that end a stream, report its failure, or are heartbeats.

use alloc::borrow::ToOwned;
use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use crate::frame::Frame;
use crate::json::{Path, lookup, unescape};

/// The data of the record with which many LLM servers end a stream.
pub(crate) const DONE: &str = "[DONE]";

/// A condition on a record: a data value (`[DONE]`), an event name (`event:close`), or a JSON condition
/// (`json:done=true`, `json:choices.0.finish_reason=stop`).
///
/// ```
/// use tidewire_core::Marker;
/// assert_eq!("event:close".parse(), Ok(Marker::Event("close".into())));
/// assert_eq!("json:done=true".parse::<Marker>().unwrap().to_string(), "json:done=true");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Marker {
    /// The record's data is exactly this. Such a record has no payload, so an end marker of this kind is not delivered.
    Data(String),
    /// The event has this name.
    Event(String),
    /// The record, or the event's data, is a JSON object with this value at this path.
    Json(JsonCondition),
}

/// `path=value`: a JSON string with this content, or any other JSON value written like this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonCondition {
    path: Path,
    text: String,
    value_at: usize,
}

impl JsonCondition {
    /// Reads `path=value`. `None` if there is no path or no `=`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let end = text.bytes().position(|byte| byte == b'=').filter(|end| *end > 0)?;
        let path = Path::parse(text.get(..end).unwrap_or_default());
        Some(Self { path, text: text.to_owned(), value_at: end + 1 })
    }

    /// Whether the JSON text has the value at the path.
    #[must_use]
    pub fn holds(&self, json: &[u8]) -> bool {
        let value = &self.text.as_bytes()[self.value_at..];
        match lookup(json, &self.path) {
            Some(found) if found.first() == Some(&b'"') => {
                unescape(found).is_some_and(|text| text.as_bytes() == value)
            }
            Some(found) => found == value,
            None => false,
        }
    }
}

impl Marker {
    /// Whether the frame is a record that meets the condition.
    #[must_use]
    pub fn matches(&self, frame: &Frame<'_>) -> bool {
        match (self, frame) {
            (Self::Data(data), Frame::Event(event)) => event.data.as_bytes() == data.as_bytes(),
            (Self::Data(data), Frame::Record(record)) => record.json.as_bytes() == data.as_bytes(),
            (Self::Data(data), Frame::Done) => data == DONE,
            (Self::Event(name), Frame::Event(event)) => event.event.as_bytes() == name.as_bytes(),
            (Self::Json(condition), Frame::Event(event)) => condition.holds(event.data.as_bytes()),
            (Self::Json(condition), Frame::Record(record)) => condition.holds(record.json.as_bytes()),
            _ => false,
        }
    }
}

/// Text that is not a marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a marker; write a data value ([DONE]), event:NAME, or json:PATH=VALUE (json:done=true)")]
pub struct InvalidMarker;

impl FromStr for Marker {
    type Err = InvalidMarker;

    fn from_str(text: &str) -> Result<Self, InvalidMarker> {
        if let Some(name) = text.strip_prefix("event:") {
            return if name.is_empty() { Err(InvalidMarker) } else { Ok(Self::Event(name.to_owned())) };
        }
        let Some(condition) = text.strip_prefix("json:") else {
            return if text.is_empty() { Err(InvalidMarker) } else { Ok(Self::Data(text.to_owned())) };
        };
        JsonCondition::parse(condition).map(Self::Json).ok_or(InvalidMarker)
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Data(data) => f.write_str(data),
            Self::Event(name) => write!(f, "event:{name}"),
            Self::Json(condition) => write!(f, "json:{}", condition.text),
        }
    }
}
