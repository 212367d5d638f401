//! The log: every request, its response, and how that ended. It holds no secrets.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fmt,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Instant,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    http::{HeaderMap, StatusCode, header, request},
};
use http_body::{Frame, SizeHint};
use serde::{Deserialize, Serialize};
use tidewire::is_secret_name;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::connection::ConnectionHandle;
use crate::redact::{redact_form, redact_json, redact_urls};

/// How many requests the log keeps. The oldest are dropped.
const MAX_REQUESTS: usize = 10_000;

/// How much text of requests the log keeps, in bytes.
const MAX_BYTES: usize = 32 << 20;

/// How much of a request's body is logged.
const BODY_BYTES: usize = 1024;

/// A request and, once it has ended, its response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RequestLog {
    /// Its number, counted from 1 over both ports.
    pub number: u64,
    /// When its head had arrived, in milliseconds since the server's start.
    pub started_ms: u64,
    /// The port that it was sent to; `redirect` leads to another one.
    pub port: u16,
    /// `HTTP/1.1` or `HTTP/2.0`.
    pub version: String,
    /// The method.
    pub method: String,
    /// Path and query, with secrets hidden as `***`.
    pub path: String,
    /// The headers by their lower-case names. The value of a secret header is replaced with `present`.
    pub headers: BTreeMap<String, String>,
    /// The length of the request's body.
    pub body_bytes: u64,
    /// The first KiB of the body as text, with secrets hidden as `***`. Empty for a multipart body, whose parts may hold anything.
    pub body: String,
    /// Its response, once that has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<ResponseLog>,
}

impl RequestLog {
    /// The path without its query.
    pub fn route(&self) -> &str {
        self.path.split_once('?').map_or(&self.path, |(route, _)| route)
    }
}

/// How a response ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ResponseLog {
    /// The status, unless it ended before a head.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The bytes of the body that were sent.
    pub bytes: u64,
    /// Who ended it.
    pub ended: Ended,
    /// When it ended, in milliseconds since the server's start.
    pub ended_ms: u64,
    /// How long nothing had been sent by then, in milliseconds.
    pub silent_ms: u64,
}

/// Who ended a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Ended {
    /// The scenario, cleanly.
    Complete,
    /// The scenario, by breaking it off.
    Cut,
    /// The client, by closing its connection or its HTTP/2 stream.
    ClientClosed,
    /// The server, by shutting down.
    ServerClosed,
}

/// A line that the command prints to standard output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum LogLine {
    /// The first line: the server listens.
    Listening {
        /// Its URL, without a trailing slash.
        url: String,
    },
    /// A request has arrived, with its body.
    Request(RequestLog),
    /// A response has ended.
    Response {
        /// The request's number.
        number: u64,
        /// How it ended.
        #[serde(flatten)]
        response: ResponseLog,
    },
    /// Lines were dropped, because the reader of standard output was too slow.
    Dropped {
        /// How many.
        lines: u64,
    },
}

/// A callback for the lines of the log. It is called on the server's own threads, so it must not wait.
#[derive(Clone)]
pub struct LogSink(Arc<dyn Fn(LogLine) + Send + Sync>);

impl LogSink {
    /// A callback that is called for each line.
    pub fn new(take: impl Fn(LogLine) + Send + Sync + 'static) -> Self {
        Self(Arc::new(take))
    }
}

impl Default for LogSink {
    fn default() -> Self {
        Self::new(drop)
    }
}

impl fmt::Debug for LogSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogSink")
    }
}

/// The log of one server.
#[derive(Debug)]
pub(crate) struct ServerLog {
    entries: watch::Sender<Entries>,
    sink: LogSink,
    epoch: Instant,
    last: AtomicU64,
    closing: CancellationToken,
}

impl ServerLog {
    pub(crate) fn new(sink: LogSink, closing: CancellationToken) -> Self {
        Self {
            entries: watch::Sender::new(Entries::default()),
            sink,
            epoch: Instant::now(),
            last: AtomicU64::new(0),
            closing,
        }
    }

    pub(crate) fn snapshot(&self) -> Vec<RequestLog> {
        self.entries.borrow().requests.clone()
    }

    pub(crate) fn clear(&self) {
        self.entries.send_modify(|entries| *entries = Entries::default());
    }

    /// Waits until `done` holds for the log.
    pub(crate) async fn until(&self, mut done: impl FnMut(&[RequestLog]) -> bool) -> Vec<RequestLog> {
        match self.entries.subscribe().wait_for(|entries| done(&entries.requests)).await {
            Ok(entries) => entries.requests.clone(),
            // Cannot happen: the sender is a field of `self`.
            Err(_) => self.snapshot(),
        }
    }

    /// Logs a request whose head has arrived. Its end is logged when the returned value is dropped.
    ///
    /// `own_params` are the server's own query parameters, which are not secret whatever their names.
    pub(crate) fn enter(
        self: &Arc<Self>,
        head: &request::Parts,
        connection: ConnectionHandle,
        own_params: &[&str],
    ) -> LoggedRequest {
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let request = RequestLog {
            number,
            started_ms: self.now_ms(),
            port: connection.port,
            version: format!("{:?}", head.version),
            method: head.method.to_string(),
            path: redact_urls(head.uri.path_and_query().map_or("", |path| path.as_str()), own_params)
                .into_owned(),
            headers: without_secrets(&head.headers),
            body_bytes: 0,
            body: String::new(),
            response: None,
        };
        self.entries.send_modify(|entries| entries.insert(request.clone()));
        LoggedRequest {
            log: Arc::clone(self),
            connection,
            request: Some(request),
            number,
            status: None,
            bytes: 0,
            active: Instant::now(),
            ended: None,
        }
    }

    fn now_ms(&self) -> u64 {
        millis(self.epoch)
    }

    fn update(&self, number: u64, change: impl FnOnce(&mut RequestLog)) {
        self.entries.send_modify(|entries| {
            // It may have been cleared, or given way to newer requests.
            if let Ok(at) = entries.requests.binary_search_by_key(&number, |request| request.number) {
                change(&mut entries.requests[at]);
            }
        });
    }
}

/// The requests of a log, within its limits.
#[derive(Debug, Default)]
struct Entries {
    /// In the order of their numbers.
    requests: Vec<RequestLog>,
    /// The size of their texts.
    bytes: usize,
}

impl Entries {
    fn insert(&mut self, request: RequestLog) {
        self.bytes += size(&request);
        // Two requests may have taken their numbers in one order and arrive here in the other.
        let at = self.requests.partition_point(|earlier| earlier.number < request.number);
        self.requests.insert(at, request);
        while self.requests.len() > MAX_REQUESTS || (self.bytes > MAX_BYTES && self.requests.len() > 1) {
            let oldest = self.requests.remove(0);
            self.bytes = self.bytes.saturating_sub(size(&oldest));
        }
    }
}

/// How much text a request takes. A body counts as its maximum, since it is added later.
fn size(request: &RequestLog) -> usize {
    let headers = request.headers.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
    request.path.len() + headers + BODY_BYTES
}

/// A request in progress. However it ends, even if hyper drops it, its end is logged.
#[derive(Debug)]
pub(crate) struct LoggedRequest {
    log: Arc<ServerLog>,
    connection: ConnectionHandle,
    /// `None` once the sink has it.
    request: Option<RequestLog>,
    number: u64,
    status: Option<StatusCode>,
    bytes: u64,
    active: Instant,
    ended: Option<Ended>,
}

impl LoggedRequest {
    /// Logs the request's body: `start` of its `len` bytes.
    pub(crate) fn received(&mut self, start: &[u8], len: u64) {
        let Some(mut request) = self.request.take() else { return };
        let body = String::from_utf8_lossy(&start[..start.len().min(BODY_BYTES)]);
        let content_type = request.headers.get(header::CONTENT_TYPE.as_str());
        let body = shown_body(content_type.map_or("", String::as_str), &body);
        request.body_bytes = len;
        request.body.clone_from(&body);
        (self.log.sink.0)(LogLine::Request(request));
        self.log.update(self.number, |request| {
            request.body_bytes = len;
            request.body = body;
        });
    }

    /// The body, whose bytes are counted while it is sent.
    pub(crate) fn sending(mut self, status: StatusCode, body: Body) -> Body {
        self.status = Some(status);
        self.active = Instant::now();
        Body::new(LoggedBody { body, request: self })
    }
}

impl Drop for LoggedRequest {
    fn drop(&mut self) {
        if let Some(request) = self.request.take() {
            (self.log.sink.0)(LogLine::Request(request));
        }
        let response = ResponseLog {
            status: self.status.map(|status| status.as_u16()),
            bytes: self.bytes,
            ended: match self.ended {
                Some(ended) => ended,
                None if self.log.closing.is_cancelled() => Ended::ServerClosed,
                None if self.connection.is_hung_up() => Ended::Cut,
                None => Ended::ClientClosed,
            },
            ended_ms: self.log.now_ms(),
            silent_ms: millis(self.active),
        };
        self.log.update(self.number, |request| request.response = Some(response.clone()));
        (self.log.sink.0)(LogLine::Response { number: self.number, response });
    }
}

/// A response's body that logs how it ended.
struct LoggedBody {
    body: Body,
    request: LoggedRequest,
}

impl HttpBody for LoggedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => {
                self.request.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
                self.request.active = Instant::now();
            }
            Some(Err(_)) => self.request.ended = Some(Ended::Cut),
            None => self.request.ended = Some(Ended::Complete),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for LoggedBody {
    fn drop(&mut self) {
        // hyper does not ask for the end of a body if it knows the length.
        if self.request.ended.is_none() && self.body.is_end_stream() {
            self.request.ended = Some(Ended::Complete);
        }
    }
}

/// A body without secrets. Many clients send JSON as a form or as text, so what looks like JSON is read as that.
fn shown_body(content_type: &str, body: &str) -> String {
    let content_type = content_type.trim_start().to_ascii_lowercase();
    if content_type.starts_with("multipart/") {
        return String::new();
    }
    let without_json_secrets = redact_json(body);
    let media_type = content_type.split(';').next().unwrap_or_default();
    if media_type.contains("json") || body.trim_start().starts_with(['{', '[']) {
        return without_json_secrets.into_owned();
    }
    redact_form(&without_json_secrets).into_owned()
}

fn without_secrets(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut shown = BTreeMap::<String, String>::new();
    for (name, value) in headers {
        let value = match is_secret_name(name.as_str()) {
            true => Cow::Borrowed("present"),
            false => String::from_utf8_lossy(value.as_bytes()),
        };
        let value = redact_urls(&value, &[]);
        shown
            .entry(name.as_str().to_owned())
            .and_modify(|values| values.extend([", ", &value]))
            .or_insert_with(|| value.into_owned());
    }
    shown
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_secrets_of_a_body_are_hidden() {
        let form = "Application/x-www-form-urlencoded";
        let rows = [
            (form, "token=a&b=1", "token=***&b=1"),
            (form, r#"{"token":"a&b=1"}"#, r#"{"token":"***"}"#),
            ("text/plain; charset=utf-8", "token=a b\nc=1", "token=***\nc=1"),
            ("text/plain", r#" {"token":1}"#, r#" {"token":"***"}"#),
            ("", "token=a", "token=***"),
            ("", r#"say "token":"a""#, r#"say "token":"***""#),
            ("application/json", r#""a=b&token=c""#, r#""a=b&token=c""#),
            ("application/x-ndjson", r#"{"key":[1]}"#, r#"{"key":"***"}"#),
            ("Multipart/form-data; boundary=x", "--x\r\n\r\nsecret\r\n--x--", ""),
        ];
        for (content_type, body, want) in rows {
            assert_eq!(shown_body(content_type, body), want, "{content_type}");
        }
    }
}
