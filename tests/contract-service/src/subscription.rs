//! The parameters of a stream, and the request made from them.

use std::collections::HashMap;
use std::time::Duration;

use axum::http::Method;
use serde::Deserialize;
use tidewire::{Client, Format, Request};

/// The parameters of a stream, as the contract names them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Subscription {
    stream_url: String,
    pub(crate) callback_url: String,
    #[serde(default)]
    pub(crate) tag: String,
    initial_delay_ms: Option<u64>,
    read_timeout_ms: Option<u64>,
    last_event_id: Option<String>,
    headers: Option<HashMap<String, String>>,
    method: Option<String>,
    body: Option<String>,
}

impl Subscription {
    /// A request that behaves like an `EventSource`: it reads only SSE, delivers every event whatever its type or data, and
    /// reconnects without limit, even if the request has a body.
    ///
    /// # Errors
    /// The problem with the parameters.
    pub(crate) fn request(&self, client: &Client) -> Result<Request, String> {
        let method = self.method.as_deref().unwrap_or("GET");
        let method =
            Method::from_bytes(method.as_bytes()).map_err(|_| format!("{method:?} is not an HTTP method"))?;
        let mut request = client
            .request(method, &self.stream_url)
            .accept(Format::Sse)
            .follow()
            .idempotent()
            .end_on_none()
            // What browsers send for the cache mode of an event stream.
            .header("cache-control", "no-cache");
        for (name, value) in self.headers.iter().flatten() {
            request = request.header(name, value);
        }
        if let Some(body) = &self.body {
            request = request.body(body.clone());
        }
        if let Some(id) = &self.last_event_id {
            request = request.last_event_id(id);
        }
        if let Some(delay) = self.initial_delay_ms {
            request = request.retry_delay(Duration::from_millis(delay));
        }
        if let Some(limit) = self.read_timeout_ms {
            request = request.idle_timeout(Duration::from_millis(limit));
        }
        match request.problem() {
            Some(problem) => Err(problem.to_string()),
            None => Ok(request),
        }
    }
}
