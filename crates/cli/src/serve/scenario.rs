//! What a scenario is: a function from a request to a reply, or a file of replies.

use std::{fmt, fs, path::Path, str::FromStr, sync::Arc, time::Duration};

use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
};

use super::{
    scenario_file::ScenarioFile,
    scenarios::{self, Spoken, llm},
    script::{Script, Step},
    tuning::Tuning,
};

/// What a server plays: a scenario by its name, or one read from a file.
#[derive(Clone, Debug)]
pub enum Scenario {
    /// A scenario that has a name.
    Named(&'static Named),
    /// A model's reply in the shape of this provider.
    Spoken(&'static Spoken),
    /// A scenario file.
    File(Arc<ScenarioFile>),
}

impl Scenario {
    /// The scenario with this name.
    pub fn named(name: &str) -> Option<Self> {
        scenarios::ALL.iter().find(|named| named.name == name).map(Self::Named)
    }

    /// A model's reply in this dialect.
    ///
    /// # Errors
    /// A sentence that names the dialects.
    pub fn dialect(name: &str) -> Result<Self, String> {
        llm::find(name, None).map(Self::Spoken)
    }

    /// The reply to `request`.
    pub(crate) fn reply(&self, request: &Request<'_>) -> Reply {
        match self {
            Self::Named(named) => (named.reply)(request),
            Self::Spoken(spoken) => llm::reply(request, Some(spoken)),
            Self::File(file) => file.reply(request.nth),
        }
    }
}

impl FromStr for Scenario {
    type Err = String;

    /// A name, or else the path of a scenario file.
    fn from_str(from: &str) -> Result<Self, String> {
        if let Some(named) = Self::named(from) {
            return Ok(named);
        }
        if !Path::new(from).exists() {
            let names: Vec<_> = scenarios::ALL.iter().map(|named| named.name).collect();
            return Err(format!("neither a file nor a scenario's name; the names are: {}", names.join(", ")));
        }
        let text =
            fs::read_to_string(from).map_err(|error| format!("cannot read the scenario file: {error}"))?;
        let file = text.parse::<ScenarioFile>().map_err(|error| error.to_string())?;
        Ok(Self::File(Arc::new(file)))
    }
}

/// A scenario that has a name.
#[non_exhaustive]
pub struct Named {
    /// Its name, which is also its path.
    pub name: &'static str,
    /// What it does, in one line.
    pub about: &'static str,
    pub(crate) reply: fn(&Request<'_>) -> Reply,
}

impl fmt::Debug for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Named").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What a scenario can go by.
pub(crate) struct Request<'a> {
    pub(crate) tuning: &'a Tuning,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) query: &'a str,
    pub(crate) body: &'a Bytes,
    /// How many requests with the same scenario and `key` came before.
    pub(crate) nth: u64,
    /// The same server at its other port, without a trailing slash.
    pub(crate) other_origin: &'a str,
}

impl<'a> Request<'a> {
    /// A bare request with these parameters.
    #[cfg(test)]
    pub(crate) fn test(tuning: &'a Tuning) -> Self {
        use std::sync::LazyLock;
        static HEADERS: LazyLock<HeaderMap> = LazyLock::new(HeaderMap::new);
        static BODY: Bytes = Bytes::new();
        Self { tuning, headers: &HEADERS, query: "", body: &BODY, nth: 0, other_origin: "http://127.0.0.1:9" }
    }

    /// The number of the last event that the client has; 0 before the first, and for an id that is no number of ours.
    pub(crate) fn last_event_id(&self) -> usize {
        let header = self.headers.get("last-event-id").and_then(|id| id.to_str().ok());
        header.or(self.tuning.last_event_id.as_deref()).and_then(|id| id.parse().ok()).unwrap_or(0)
    }
}

/// The answer to one request.
pub(crate) struct Reply {
    /// How long the head is waited for.
    pub(crate) delay: Duration,
    /// `None` closes the connection without a head.
    pub(crate) head: Option<Head>,
    /// The body.
    pub(crate) script: Script,
}

/// Status and headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
}

impl Reply {
    /// A reply with `status`, which may be followed by a header or two.
    pub(crate) fn new(status: StatusCode, content_type: &'static str, script: Script) -> Self {
        let headers = HeaderMap::from_iter([
            (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
            // Compressing intermediaries (webpack's development server) hold a reply back unless `no-transform` forbids it.
            (header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform")),
            // nginx holds a reply back unless it is told not to.
            (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
        ]);
        Self { delay: Duration::ZERO, head: Some(Head { status, headers }), script }
    }

    /// A successful reply in server-sent events.
    pub(crate) fn sse(script: Script) -> Self {
        Self::new(StatusCode::OK, "text/event-stream", script)
    }

    /// A reply in one piece.
    pub(crate) fn whole(status: StatusCode, content_type: &'static str, body: String) -> Self {
        Self::new(status, content_type, Box::new([Step::bytes(body)].into_iter()))
    }

    /// A refusal in the shape that LLM providers share.
    pub(crate) fn refusal(status: StatusCode, message: &str) -> Self {
        let error = serde_json::json!({ "error": { "code": status.as_u16(), "message": message } });
        Self::whole(status, "application/json", format!("{error}\n"))
    }

    /// With this header, unless its value is none that HTTP can carry.
    pub(crate) fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        if let (Some(head), Ok(value)) = (&mut self.head, HeaderValue::from_str(value)) {
            head.headers.insert(name, value);
        }
        self
    }

    /// With its head only after so long.
    pub(crate) fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// No reply at all: the connection is closed.
    pub(crate) fn hang_up() -> Self {
        Self { delay: Duration::ZERO, head: None, script: Box::new(std::iter::empty()) }
    }
}
