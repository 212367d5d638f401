//! The request that a scenario gets, and the response that it returns.

use std::{iter, time::Duration};

use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
};

use super::{
    params::ScenarioParams,
    script::{Script, ScriptStep},
};

/// A request, as far as scenarios depend on it.
pub(crate) struct ScenarioRequest<'a> {
    pub(crate) params: &'a ScenarioParams,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) query: &'a str,
    pub(crate) body: &'a Bytes,
    /// How many requests with the same scenario and `key` arrived before this one.
    pub(crate) nth: u64,
    /// The origin of the server's other port, without a trailing slash.
    pub(crate) other_origin: &'a str,
}

impl<'a> ScenarioRequest<'a> {
    /// A bare request with these parameters.
    #[cfg(test)]
    pub(crate) fn test(params: &'a ScenarioParams) -> Self {
        use std::sync::LazyLock;
        static HEADERS: LazyLock<HeaderMap> = LazyLock::new(HeaderMap::new);
        static BODY: Bytes = Bytes::new();
        Self { params, headers: &HEADERS, query: "", body: &BODY, nth: 0, other_origin: "http://127.0.0.1:9" }
    }

    /// The number of the last event that the client has; 0 before the first one, and for an id that the server did not send.
    pub(crate) fn last_event_id(&self) -> usize {
        let header = self.headers.get("last-event-id").and_then(|id| id.to_str().ok());
        header.or(self.params.last_event_id.as_deref()).and_then(|id| id.parse().ok()).unwrap_or(0)
    }
}

/// The response of a scenario.
pub(crate) struct ScriptedResponse {
    /// How long to wait before the head.
    pub(crate) delay: Duration,
    /// `None` closes the connection without a head.
    pub(crate) head: Option<ResponseHead>,
    /// The body.
    pub(crate) script: Script,
}

/// Status and headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ResponseHead {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
}

impl ScriptedResponse {
    /// A streamed response.
    pub(crate) fn new(status: StatusCode, content_type: &'static str, script: Script) -> Self {
        let headers = HeaderMap::from_iter([
            (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
            // Compressing intermediaries (webpack's development server) hold a response back unless `no-transform` forbids it.
            (header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform")),
            // nginx holds a response back unless this header forbids it.
            (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
        ]);
        Self { delay: Duration::ZERO, head: Some(ResponseHead { status, headers }), script }
    }

    /// A successful response in server-sent events.
    pub(crate) fn sse(script: Script) -> Self {
        Self::new(StatusCode::OK, "text/event-stream", script)
    }

    /// A response in one piece.
    pub(crate) fn whole(status: StatusCode, content_type: &'static str, body: String) -> Self {
        Self::new(status, content_type, Box::new([ScriptStep::bytes(body)].into_iter()))
    }

    /// A refusal in the shape that LLM providers share.
    pub(crate) fn refusal(status: StatusCode, message: &str) -> Self {
        let error = serde_json::json!({ "error": { "code": status.as_u16(), "message": message } });
        Self::whole(status, "application/json", format!("{error}\n"))
    }

    /// Sets a header.
    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        if let Some(head) = &mut self.head {
            head.headers.insert(name, value);
        }
        self
    }

    /// Delays the head by this long.
    pub(crate) fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// No response: the connection is closed.
    pub(crate) fn hang_up() -> Self {
        Self { delay: Duration::ZERO, head: None, script: Box::new(iter::empty()) }
    }
}
