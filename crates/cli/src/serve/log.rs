//! What was asked, what was answered, and how each answer ended.

use std::{
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
    http::{HeaderMap, StatusCode, request},
};
use http_body::{Frame, SizeHint};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::connection::Link;

/// How many requests the log keeps; the oldest give way.
const KEPT: usize = 10_000;

/// How much of a request's body is shown.
const SHOWN: usize = 1024;

/// A request and, once it has ended, its response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RequestLog {
    /// Counts from 1, over both ports.
    pub number: u64,
    /// When the request's head had come, in milliseconds since the server's start.
    pub started_ms: u64,
    /// The port that was asked; `redirect` leads to another one.
    pub port: u16,
    /// `HTTP/1.1` or `HTTP/2.0`.
    pub version: String,
    /// The method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The headers by their lower-case names; of a secret one only that it is `present`.
    pub headers: BTreeMap<String, String>,
    /// The length of the request's body.
    pub body_bytes: u64,
    /// The first KiB of the body, as text.
    pub body: String,
    /// How it ended; absent while it has not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<ResponseLog>,
}

impl RequestLog {
    /// The path without its query.
    pub fn route(&self) -> &str {
        self.path.split_once('?').map_or(&self.path, |(route, _)| route)
    }
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ResponseLog {
    /// The status; absent when it ended before a head.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Bytes of the body that were handed to the connection.
    pub bytes: u64,
    /// Who ended it.
    pub ended: Ended,
    /// When, in milliseconds since the server's start.
    pub ended_ms: u64,
    /// For how long nothing had been sent by then, in milliseconds.
    pub silent_ms: u64,
}

/// Who ended a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Ended {
    /// The scenario, as HTTP wants it.
    Complete,
    /// The scenario, by breaking it off.
    Cut,
    /// The client, by closing its connection or its HTTP/2 stream.
    ClientClosed,
    /// The server, by shutting down.
    ServerClosed,
}

/// A line of the log as the command prints it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum LogLine {
    /// A request has come, with its body.
    Request(RequestLog),
    /// A request has ended.
    Response {
        /// The request's number.
        number: u64,
        /// How it ended.
        #[serde(flatten)]
        response: ResponseLog,
    },
}

/// Takes the lines of the log as they arise. It is called on the server's own threads, so it must not wait.
#[derive(Clone)]
pub struct LogSink(Arc<dyn Fn(LogLine) + Send + Sync>);

impl LogSink {
    /// A sink that calls `take` for each line.
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

/// All requests of one server, and who wants to hear of them.
#[derive(Debug)]
pub(crate) struct Log {
    requests: watch::Sender<Vec<RequestLog>>,
    sink: LogSink,
    epoch: Instant,
    last: AtomicU64,
    closing: CancellationToken,
}

impl Log {
    pub(crate) fn new(sink: LogSink, closing: CancellationToken) -> Self {
        Self {
            requests: watch::Sender::new(Vec::new()),
            sink,
            epoch: Instant::now(),
            last: AtomicU64::new(0),
            closing,
        }
    }

    pub(crate) fn snapshot(&self) -> Vec<RequestLog> {
        self.requests.borrow().clone()
    }

    pub(crate) fn clear(&self) {
        self.requests.send_modify(Vec::clear);
    }

    /// Waits until `done` holds for the log.
    pub(crate) async fn until(&self, mut done: impl FnMut(&[RequestLog]) -> bool) -> Vec<RequestLog> {
        match self.requests.subscribe().wait_for(|requests| done(requests)).await {
            Ok(requests) => requests.clone(),
            // The sender is a field of `self`.
            Err(_) => self.snapshot(),
        }
    }

    /// Enters a request whose head has come. Dropping the ticket logs its end.
    pub(crate) fn enter(self: &Arc<Self>, head: &request::Parts, link: Link) -> Ticket {
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let request = RequestLog {
            number,
            started_ms: self.now_ms(),
            port: link.port,
            version: format!("{:?}", head.version),
            method: head.method.to_string(),
            path: head.uri.path_and_query().map_or_else(String::new, ToString::to_string),
            headers: shown(&head.headers),
            body_bytes: 0,
            body: String::new(),
            response: None,
        };
        self.requests.send_modify(|requests| {
            if requests.len() >= KEPT {
                requests.remove(0);
            }
            // Two requests can have taken their numbers in one order and come here in the other.
            let at = requests.partition_point(|earlier| earlier.number < number);
            requests.insert(at, request.clone());
        });
        Ticket {
            log: Arc::clone(self),
            link,
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
        self.requests.send_modify(|requests| {
            // A log cleared in between has it no more.
            if let Ok(at) = requests.binary_search_by_key(&number, |request| request.number) {
                change(&mut requests[at]);
            }
        });
    }
}

/// A request under way. However it ends, also when hyper drops it, its end is logged.
#[derive(Debug)]
pub(crate) struct Ticket {
    log: Arc<Log>,
    link: Link,
    /// Until it is announced to the sink.
    request: Option<RequestLog>,
    number: u64,
    status: Option<StatusCode>,
    bytes: u64,
    active: Instant,
    ended: Option<Ended>,
}

impl Ticket {
    /// The request's body has come: `start` of its `len` bytes.
    pub(crate) fn received(&mut self, start: &[u8], len: u64) {
        let body = String::from_utf8_lossy(&start[..start.len().min(SHOWN)]).into_owned();
        if let Some(mut request) = self.request.take() {
            request.body_bytes = len;
            request.body.clone_from(&body);
            (self.log.sink.0)(LogLine::Request(request));
        }
        self.log.update(self.number, |request| {
            request.body_bytes = len;
            request.body = body;
        });
    }

    /// A body that is logged while it is sent.
    pub(crate) fn sending(mut self, status: StatusCode, body: Body) -> Body {
        self.status = Some(status);
        self.active = Instant::now();
        Body::new(LoggedBody { body, ticket: self })
    }
}

impl Drop for Ticket {
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
                None if self.link.is_hung_up() => Ended::Cut,
                None => Ended::ClientClosed,
            },
            ended_ms: self.log.now_ms(),
            silent_ms: millis(self.active),
        };
        self.log.update(self.number, |request| request.response = Some(response.clone()));
        (self.log.sink.0)(LogLine::Response { number: self.number, response });
    }
}

/// A response's body, watched.
struct LoggedBody {
    body: Body,
    ticket: Ticket,
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
                self.ticket.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
                self.ticket.active = Instant::now();
            }
            Some(Err(_)) => self.ticket.ended = Some(Ended::Cut),
            None => self.ticket.ended = Some(Ended::Complete),
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
        // hyper does not ask for the end of a body whose length it knows.
        if self.ticket.ended.is_none() && self.body.is_end_stream() {
            self.ticket.ended = Some(Ended::Complete);
        }
    }
}

/// Whether a header by this name carries what belongs into no log and no recording.
pub(crate) fn is_secret(name: &str) -> bool {
    ["authorization", "cookie", "api-key", "apikey", "token", "secret", "session"]
        .iter()
        .any(|part| name.to_ascii_lowercase().contains(part))
}

fn shown(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut shown = BTreeMap::<String, String>::new();
    for (name, value) in headers {
        let value = match is_secret(name.as_str()) {
            true => "present".into(),
            false => String::from_utf8_lossy(value.as_bytes()),
        };
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
