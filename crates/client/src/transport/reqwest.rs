//! The native transport: reqwest and tokio.

use std::error::Error as StdError;
use std::future::Future;
use std::io::ErrorKind;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderName, Method, StatusCode};
use http_body::Body as _;
use url::{Origin, Url};

use super::{Chunk, Outgoing, Reply, Sending, TransportError};
use crate::body::Body;
use crate::client::SECRET_HEADERS;

/// As many as browsers follow (WHATWG Fetch, "HTTP-redirect fetch").
const MOST_REDIRECTS: usize = 20;
/// A `reqwest::Client`, and whether redirects are ours to follow.
#[derive(Clone, Debug)]
pub(crate) struct Transport {
    client: reqwest::Client,
    follows_redirects: bool,
}

impl Transport {
    /// A transport with Tidewire's own settings.
    pub(crate) fn new(connect_timeout: Option<Duration>) -> Result<Self, TransportError> {
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("tidewire/", env!("CARGO_PKG_VERSION")));
        if let Some(limit) = connect_timeout {
            builder = builder.connect_timeout(limit);
        }
        let client = builder.build().map_err(|error| TransportError::Unsendable(said(&error)))?;
        Ok(Self { client, follows_redirects: true })
    }

    /// The caller's own client, whose redirect and connect settings hold.
    pub(crate) const fn with_client(client: reqwest::Client) -> Self {
        Self { client, follows_redirects: false }
    }

    /// Sends the request and waits for the reply's head.
    pub(crate) fn send(self, mut request: Outgoing) -> Sending {
        take_credentials(&self.client, &mut request);
        Box::pin(Following::new(self, request, 0))
    }
}

/// A request under way, with those that redirects make of it. Not an `async fn`, whose future would keep the request as well.
struct Following {
    transport: Transport,
    sent: Pin<Box<dyn Future<Output = reqwest::Result<reqwest::Response>> + Send>>,
    original: Option<Original>,
    redirects: usize,
}

impl Following {
    fn new(transport: Transport, request: Outgoing, redirects: usize) -> Self {
        let follows = transport.follows_redirects && redirects < MOST_REDIRECTS;
        let original = follows.then(|| Original::of(&request));
        Self { sent: Box::pin(transport.client.execute(outgoing(request))), transport, original, redirects }
    }
}

impl Future for Following {
    type Output = Result<Reply, TransportError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let response = ready!(self.sent.as_mut().poll(cx)).map_err(classify_send)?;
            let next = self
                .original
                .take()
                .and_then(|original| redirected(original, response.status(), response.headers()));
            let Some(next) = next else { return Poll::Ready(Ok(reply(response))) };
            *self = Self::new(self.transport.clone(), next, self.redirects + 1);
        }
    }
}

/// A URL's user and password become an `Authorization` (RFC 7617), which redirects treat as the secret that it is. reqwest does
/// so only in its own builder.
fn take_credentials(client: &reqwest::Client, request: &mut Outgoing) {
    if request.url.username().is_empty() && request.url.password().is_none() {
        return;
    }
    let built = client.get(request.url.clone()).build();
    if let Some(credentials) = built.ok().and_then(|built| built.headers().get(AUTHORIZATION).cloned()) {
        request.headers.entry(AUTHORIZATION).or_insert(credentials);
    }
    forget_credentials(&mut request.url);
}

/// In a URL they would show in what the HTTP library logs, and part its pool of connections.
fn forget_credentials(url: &mut Url) {
    // Neither fails for a URL of HTTP.
    let _ = url.set_username("");
    let _ = url.set_password(None);
}

fn outgoing(request: Outgoing) -> reqwest::Request {
    let mut outgoing = reqwest::Request::new(request.method, request.url);
    *outgoing.headers_mut() = request.headers;
    *outgoing.body_mut() = match request.body {
        Body::Empty => None,
        Body::Bytes(bytes) => Some(bytes.into()),
        Body::Once(body) => Some(body),
    };
    outgoing
}

fn reply(response: reqwest::Response) -> Reply {
    let (head, body) = http::Response::from(response).into_parts();
    Reply { status: head.status.as_u16(), headers: head.headers, body: BodyReader { body } }
}

/// A request that was sent, as far as a redirect repeats it.
struct Original {
    method: Method,
    url: Url,
    headers: HeaderMap,
    /// `None` for one that can be read once.
    body: Option<Body>,
}

impl Original {
    fn of(request: &Outgoing) -> Self {
        let Outgoing { method, url, headers, body } = request;
        Self { method: method.clone(), url: url.clone(), headers: headers.clone(), body: body.copy() }
    }
}

/// The request that follows a redirect (RFC 9110, 15.4; methods as WHATWG Fetch changes them), or `None` where the reply is
/// none that can be followed.
fn redirected(
    Original { method, url: from, mut headers, body }: Original,
    status: StatusCode,
    reply: &HeaderMap,
) -> Option<Outgoing> {
    let becomes_get = match status {
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => method == Method::POST,
        StatusCode::SEE_OTHER => method != Method::GET && method != Method::HEAD,
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => false,
        _ => return None,
    };
    let location = reply.get(LOCATION)?.to_str().ok()?;
    let mut url = from.join(location).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    // Those of a redirect are the server's own, and were never sent.
    forget_credentials(&mut url);
    let body = if becomes_get {
        for name in [CONTENT_TYPE, CONTENT_LENGTH, CONTENT_ENCODING] {
            headers.remove(name);
        }
        Body::Empty
    } else {
        body?
    };
    if !same_origin(&from.origin(), &url.origin()) {
        let secret: Vec<HeaderName> = headers
            .iter()
            .filter(|(name, value)| value.is_sensitive() || is_secret(name))
            .map(|(name, _)| name.clone())
            .collect();
        for name in secret {
            headers.remove(name);
        }
    }
    Some(Outgoing { method: if becomes_get { Method::GET } else { method }, url, headers, body })
}

/// Never sent to another origin, beside what the caller marked as secret.
fn is_secret(name: &HeaderName) -> bool {
    name == "last-event-id" || SECRET_HEADERS.contains(&name.as_str())
}

fn same_origin(one: &Origin, other: &Origin) -> bool {
    one.is_tuple() && one == other
}

/// Reads a reply's body, decoded, as it comes.
pub(crate) struct BodyReader {
    body: reqwest::Body,
}

impl BodyReader {
    pub(crate) fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Chunk>> {
        loop {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(classify_body(&error)))),
                // Trailers say nothing to a stream.
                Some(Ok(frame)) => {
                    if let Ok(bytes) = frame.into_data()
                        && !bytes.is_empty()
                    {
                        return Poll::Ready(Some(Ok(bytes)));
                    }
                }
            }
        }
    }
}

/// The platform's clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    origin: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { origin: Instant::now() }
    }

    /// Time since the clock was started.
    pub(crate) fn now(self) -> Duration {
        self.origin.elapsed()
    }

    /// Time since 1970-01-01 00:00 UTC.
    pub(crate) fn wall() -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }
}

/// One timer that is armed again and again.
#[derive(Default)]
pub(crate) struct Timer {
    sleep: Option<(Pin<Box<tokio::time::Sleep>>, Duration)>,
}

impl Timer {
    /// Ready when `deadline` has passed on `clock`. A timer that stands earlier is left alone and armed again when it goes off:
    /// deadlines move on with every chunk, timers need not.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, clock: Clock, deadline: Duration) -> Poll<()> {
        let Some(until) = clock.origin.checked_add(deadline) else { return Poll::Pending };
        loop {
            let (sleep, armed) = self
                .sleep
                .get_or_insert_with(|| (Box::pin(tokio::time::sleep_until(until.into())), deadline));
            if *armed > deadline {
                sleep.as_mut().reset(until.into());
                *armed = deadline;
            }
            ready!(sleep.as_mut().poll(cx));
            if clock.now() >= deadline {
                self.sleep = None;
                return Poll::Ready(());
            }
            sleep.as_mut().reset(until.into());
            *armed = deadline;
        }
    }
}

fn classify_send(error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    if error.is_builder() {
        return TransportError::Unsendable(said(&error));
    }
    match (error.is_connect(), error.is_timeout()) {
        (true, true) => TransportError::ConnectTimeout("no connection within the connect timeout".to_owned()),
        (true, false) => TransportError::Connect(connect_problem(&error)),
        (false, _) => TransportError::Broken(said(&error)),
    }
}

/// A connection that broke shows in hyper's error, a content coding that merely stops short in an early end; all else is the
/// decoder's complaint.
fn classify_body(error: &reqwest::Error) -> TransportError {
    let broken = sources(error).any(|source| source.is::<hyper::Error>()) || io_kinds(error).any(is_cut);
    // zlib's word for input that stopped short (zlib.h, Z_BUF_ERROR); it comes as an error of no kind.
    if broken || said(error).contains("BufError") {
        TransportError::Broken(format!("the connection broke inside the body: {}", said(error)))
    } else {
        TransportError::Corrupt(format!("the body's content coding is corrupt: {}", said(error)))
    }
}

fn io_kinds(error: &reqwest::Error) -> impl Iterator<Item = ErrorKind> {
    sources(error).filter_map(|source| source.downcast_ref::<std::io::Error>()).map(std::io::Error::kind)
}

const fn is_cut(kind: ErrorKind) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, TimedOut, UnexpectedEof};
    matches!(kind, UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe | TimedOut)
}

/// Each kind of failed connection in its own words.
fn connect_problem(error: &reqwest::Error) -> String {
    let said = said(error);
    let is = |kind| io_kinds(error).any(|found| found == kind);
    if error.is_dns() {
        format!("the host's name cannot be resolved: {said}")
    } else if is(ErrorKind::ConnectionRefused) {
        format!("the connection was refused: {said}")
    } else if is(ErrorKind::InvalidData) {
        // rustls says everything it does not like in this way: a bad certificate, or no TLS at all.
        format!("the TLS handshake failed: {said}")
    } else if is(ErrorKind::UnexpectedEof) {
        format!("the connection was closed during the TLS handshake: {said}")
    } else {
        format!("no connection: {said}")
    }
}

/// The innermost cause, which says most.
fn said(error: &(dyn StdError + 'static)) -> String {
    sources(error).last().map_or_else(|| error.to_string(), ToString::to_string)
}

/// The error and what caused it. An `io::Error` that wraps another error passes over it in `source`, so it is opened here.
fn sources<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn StdError + 'static)| {
        let error: &'a (dyn StdError + 'static) = *error;
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        match wrapped {
            Some(inner) => Some(inner as &(dyn StdError + 'static)),
            None => error.source(),
        }
    })
}
