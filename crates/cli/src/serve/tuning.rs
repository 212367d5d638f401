//! The query parameters that tune a scenario.

use std::time::Duration;

use axum::http::StatusCode;
use serde::{Deserialize, Deserializer, de::Error};

use super::{encoding::Coding, scenarios::llm::Tale};

/// Query parameters, all optional; `docs/scenarios.md` says which scenario reads which.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Tuning {
    /// Milliseconds between two events; by default the scenario's own pace.
    pub(crate) interval_ms: Option<u64>,
    /// How many events: a short reply is repeated, a long one ends early.
    #[serde(deserialize_with = "count")]
    pub(crate) events: Option<usize>,
    /// Breaks the body after exactly so many bytes, compressed ones if compressed.
    pub(crate) cut_at: Option<u64>,
    /// How many requests with this `key` are broken by `cut_at`; by default all.
    pub(crate) cuts: Option<u64>,
    /// `clean`: every cut becomes a clean end of the body.
    pub(crate) end: Option<End>,
    /// Whether events carry ids (and `Last-Event-ID` is honoured).
    #[serde(deserialize_with = "flag")]
    pub(crate) ids: Option<bool>,
    /// Stands for the header `Last-Event-ID`, which costs a browser a preflight.
    pub(crate) last_event_id: Option<String>,
    /// The header `Retry-After`, as written.
    pub(crate) retry_after: Option<String>,
    /// The status, 200 to 599.
    #[serde(deserialize_with = "status")]
    pub(crate) status: Option<StatusCode>,
    /// Compresses the body.
    pub(crate) encoding: Option<Coding>,
    /// How long the silence lasts, in milliseconds, in scenarios that have one.
    pub(crate) silence_ms: Option<u64>,
    /// The size of what is big, in bytes.
    pub(crate) bytes: Option<u64>,
    /// Which of two paces of the same range is taken.
    pub(crate) seed: Option<u64>,
    /// In which dialect `llm` replies.
    pub(crate) dialect: Option<String>,
    /// In which of its shapes.
    pub(crate) form: Option<String>,
    /// What the reply has in it.
    pub(crate) reply: Option<Tale>,
    /// Whether it fails in the middle, as the provider says it.
    #[serde(deserialize_with = "flag")]
    pub(crate) error: Option<bool>,
    /// Whether its end is missing.
    #[serde(deserialize_with = "flag")]
    pub(crate) unfinished: Option<bool>,
    /// The number of the last event that the client has of a background response.
    pub(crate) starting_after: Option<usize>,
    /// Separates the counters of requests, so that tests do not disturb each other.
    pub(crate) key: Option<String>,
    /// Where `redirect` leads; a scenario's name.
    pub(crate) to: Option<String>,
}

/// How a body ends where it would be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum End {
    /// As HTTP wants it: nothing but the content tells that something is missing.
    Clean,
    /// Broken off.
    Cut,
}

impl Tuning {
    /// The pause between two events, when one was asked for.
    pub(crate) fn interval(&self) -> Option<Duration> {
        self.interval_ms.map(Duration::from_millis)
    }

    /// The silence, when one was asked for.
    pub(crate) fn silence(&self) -> Option<Duration> {
        self.silence_ms.map(Duration::from_millis)
    }
}

/// Some scenarios hold their events in memory.
fn count<'de, D: Deserializer<'de>>(from: D) -> Result<Option<usize>, D::Error> {
    let text = String::deserialize(from)?;
    match text.parse().ok().filter(|count| (0..=1_000_000).contains(count)) {
        Some(count) => Ok(Some(count)),
        None => Err(D::Error::custom(format_args!("expected a number up to 1000000, not `{text}`"))),
    }
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
