//! The query parameters of scenarios, each within its bounds.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode};
use serde::{Deserialize, Deserializer, de::Error};

use super::encoding::Coding;

/// The most tokens or events that a request can ask for.
const MAX_EVENTS: u64 = 1_000_000;
/// The longest pause or silence: a day.
const MAX_MS: u64 = 24 * 60 * 60 * 1000;
/// The longest `key`, so that counters stay small.
const MAX_KEY_BYTES: usize = 256;

/// The query parameters, all optional. `docs/scenarios.md` lists the parameters of each scenario.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct ScenarioParams {
    /// Milliseconds between two events, instead of the scenario's own pace.
    #[serde(deserialize_with = "milliseconds")]
    pub(crate) interval_ms: Option<u64>,
    /// How many events: a short reply is repeated, a long one ends early.
    #[serde(deserialize_with = "count")]
    pub(crate) events: Option<usize>,
    /// Breaks the body off after exactly this many bytes; compressed ones if it is compressed.
    pub(crate) cut_at: Option<u64>,
    /// How many requests with this `key` are cut by `cut_at`; by default all.
    pub(crate) cuts: Option<u64>,
    /// `clean` turns every cut into a clean end of the body.
    pub(crate) end: Option<BodyEnd>,
    /// Whether events have ids, and `Last-Event-ID` is honoured.
    #[serde(deserialize_with = "flag")]
    pub(crate) ids: Option<bool>,
    /// A substitute for the header `Last-Event-ID`, for which a browser would need a preflight.
    pub(crate) last_event_id: Option<String>,
    /// The header `Retry-After`, as it is sent.
    #[serde(deserialize_with = "header_value")]
    pub(crate) retry_after: Option<HeaderValue>,
    /// The status, 200 to 599.
    #[serde(deserialize_with = "status")]
    pub(crate) status: Option<StatusCode>,
    /// Compresses the body.
    pub(crate) encoding: Option<Coding>,
    /// How long the silence lasts, in milliseconds, in scenarios that have one.
    #[serde(deserialize_with = "milliseconds")]
    pub(crate) silence_ms: Option<u64>,
    /// The size of the big event or of the body, in bytes.
    pub(crate) bytes: Option<u64>,
    /// Selects other pauses within the scenario's range.
    pub(crate) seed: Option<u64>,
    /// The dialect of `llm`.
    pub(crate) dialect: Option<String>,
    /// The form of that dialect, if it has several.
    pub(crate) form: Option<String>,
    /// What the reply of `llm` consists of.
    pub(crate) reply: Option<ReplyKind>,
    /// Whether the provider reports an error in the middle of the reply.
    #[serde(deserialize_with = "flag")]
    pub(crate) error: Option<bool>,
    /// Whether the end of the reply is missing.
    #[serde(deserialize_with = "flag")]
    pub(crate) unfinished: Option<bool>,
    /// The number of the last event that the client has of a background response.
    pub(crate) starting_after: Option<usize>,
    /// Separates the counters of requests, so that tests do not disturb each other.
    #[serde(deserialize_with = "key")]
    pub(crate) key: Option<String>,
    /// The target of `redirect`: a scenario's name.
    pub(crate) to: Option<String>,
}

/// How a body ends at the place of a cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum BodyEnd {
    /// Cleanly, so that only the content shows that something is missing.
    Clean,
    /// Broken off.
    Cut,
}

/// What the reply of `llm` consists of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ReplyKind {
    /// Reasoning, a text and tool calls.
    #[default]
    All,
    /// Reasoning and a text.
    Text,
    /// Reasoning and the JSON that was asked for.
    Json,
    /// A text that the provider's filter ends.
    Filter,
    /// The model refuses.
    Refusal,
}

impl ReplyKind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Text => "text",
            Self::Json => "json",
            Self::Filter => "filter",
            Self::Refusal => "refusal",
        }
    }
}

impl ScenarioParams {
    /// The pause between two events, if one was asked for.
    pub(crate) fn interval(&self) -> Option<Duration> {
        self.interval_ms.map(Duration::from_millis)
    }

    /// The length of the silence, if one was asked for.
    pub(crate) fn silence(&self) -> Option<Duration> {
        self.silence_ms.map(Duration::from_millis)
    }
}

fn count<'de, D: Deserializer<'de>>(from: D) -> Result<Option<usize>, D::Error> {
    let number = up_to(MAX_EVENTS, from)?;
    usize::try_from(number).map(Some).map_err(D::Error::custom)
}

fn milliseconds<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    up_to(MAX_MS, from).map(Some)
}

fn up_to<'de, D: Deserializer<'de>>(max: u64, from: D) -> Result<u64, D::Error> {
    let text = String::deserialize(from)?;
    let number = text.parse().ok().filter(|number| *number <= max);
    number.ok_or_else(|| D::Error::custom(format_args!("expected a number up to {max}, not `{text}`")))
}

fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<Option<bool>, D::Error> {
    match String::deserialize(from)?.as_str() {
        "0" | "false" => Ok(Some(false)),
        "1" | "true" => Ok(Some(true)),
        other => Err(D::Error::custom(format_args!("expected 0 or 1, not `{other}`"))),
    }
}

fn status<'de, D: Deserializer<'de>>(from: D) -> Result<Option<StatusCode>, D::Error> {
    let text = String::deserialize(from)?;
    let code = text.parse().ok().filter(|code| (200..600).contains(code));
    match code.and_then(|code| StatusCode::from_u16(code).ok()) {
        Some(status) => Ok(Some(status)),
        None => Err(D::Error::custom(format_args!("expected a status from 200 to 599, not `{text}`"))),
    }
}

fn header_value<'de, D: Deserializer<'de>>(from: D) -> Result<Option<HeaderValue>, D::Error> {
    let text = String::deserialize(from)?;
    match HeaderValue::from_str(&text) {
        Ok(value) => Ok(Some(value)),
        Err(_) => Err(D::Error::custom(format_args!("{text:?} cannot be a header's value"))),
    }
}

fn key<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let key = String::deserialize(from)?;
    if key.len() > MAX_KEY_BYTES {
        return Err(D::Error::custom(format_args!("expected a key of up to {MAX_KEY_BYTES} bytes")));
    }
    Ok(Some(key))
}
