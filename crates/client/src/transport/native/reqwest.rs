//! The native transport: reqwest and tokio.

use std::error::Error as StdError;
use std::future::Future;
use std::io::ErrorKind;
use std::mem;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::header::{self, AUTHORIZATION, LOCATION};
use http::{HeaderMap, HeaderName, Method, StatusCode};
use url::{Origin, Url};

use super::super::{Chunk, Outgoing, Response, Sending, TransportError};
use crate::attempt::{LAST_EVENT_ID, RequestTemplate};
use crate::body::{Body, Taken, forget_body};
use crate::client::SECRET_HEADERS;

/// As many as browsers follow (WHATWG Fetch, "HTTP-redirect fetch").
const MOST_REDIRECTS: u8 = 20;
/// A body that can be read once.
pub(crate) type OnceBody = reqwest::Body;

const USER_AGENT: &str = concat!("tidewire/", env!("CARGO_PKG_VERSION"));

/// A `reqwest::Client`, and whether redirects are ours to follow.
#[derive(Clone, Debug)]
pub(crate) struct Transport {
    client: reqwest::Client,
    follows_redirects: bool,
}

impl Transport {
    /// A transport with Tidewire's own settings.
    pub(crate) fn new(connect_timeout: Option<Duration>) -> Result<Self, TransportError> {
        let mut builder =
            reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).user_agent(USER_AGENT);
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

    /// Headers of every request that has none of the name: those that keep caches out, and who asks. The caller's own client has its own
    /// `User-Agent`.
    pub(crate) fn default_headers(&self) -> impl Iterator<Item = (HeaderName, &'static str)> {
        let user_agent = self.follows_redirects.then_some((header::USER_AGENT, USER_AGENT));
        [(header::CACHE_CONTROL, "no-store")].into_iter().chain(user_agent)
    }

    /// Sends the request and those that redirects make of it, and waits for the reply's head.
    ///
    pub(crate) fn send(self, mut request: Outgoing) -> Sending {
        take_credentials(&self.client, &mut request);
        let Outgoing { url, template: mut plan } = request;
        let mut sent = self.client.execute(outgoing(url, &plan));
        Box::pin(async move {
            let has_cursor = |plan: &RequestTemplate| plan.headers.contains_key(LAST_EVENT_ID);
            let had_cursor = has_cursor(&plan);
            let mut redirects_left = if self.follows_redirects { MOST_REDIRECTS } else { 0 };
            loop {
                let response = (&mut sent).await.map_err(classify_send)?;
                let next = match redirects_left {
                    0 => None,
                    _ => redirected(&plan, response.status(), response.headers()),
                };
                let Some(Outgoing { url, template: next }) = next else {
                    return Ok(reply(response, had_cursor && !has_cursor(&plan)));
                };
                redirects_left -= 1;
                sent = self.client.execute(outgoing(url, &next));
                plan = next;
            }
        })
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
        Arc::make_mut(&mut request.template).headers_mut().entry(AUTHORIZATION).or_insert(credentials);
    }
    forget_credentials(&mut request.url);
    Arc::make_mut(&mut request.template).url = Some(request.url.clone());
}

/// In a URL they would show in what the HTTP library logs, and part its pool of connections.
fn forget_credentials(url: &mut Url) {
    // Neither fails for a URL of HTTP.
    let _ = url.set_username("");
    let _ = url.set_password(None);
}

fn outgoing(url: Url, plan: &RequestTemplate) -> reqwest::Request {
    let mut outgoing = reqwest::Request::new(plan.method.clone(), url);
    *outgoing.headers_mut() = HeaderMap::clone(&plan.headers);
    *outgoing.body_mut() = match plan.body.take() {
        Taken::Nothing => None,
        Taken::Bytes(bytes) => Some(bytes.into()),
        Taken::Once(body) => Some(body),
    };
    outgoing
}

fn reply(mut response: reqwest::Response, lost_cursor: bool) -> Response {
    let headers = mem::take(response.headers_mut());
    Response { status: response.status().as_u16(), headers, body: BodyReader { response }, lost_cursor }
}

/// The request that follows a redirect (RFC 9110, 15.4; methods as WHATWG Fetch changes them), or `None` where the reply is
/// none that can be followed.
fn redirected(plan: &RequestTemplate, status: StatusCode, reply: &HeaderMap) -> Option<Outgoing> {
    let RequestTemplate { method, url: from, headers, body } = plan;
    let becomes_get = match status {
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => *method == Method::POST,
        StatusCode::SEE_OTHER => *method != Method::GET && *method != Method::HEAD,
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => false,
        _ => return None,
    };
    let location = reply.get(LOCATION)?.to_str().ok()?;
    let from = from.as_ref()?;
    let mut url = from.join(location).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    // Those of a redirect are the server's own, and were never sent.
    forget_credentials(&mut url);
    // A body that can be read once has been.
    if !becomes_get && !body.is_repeatable() {
        return None;
    }
    let mut headers = HeaderMap::clone(headers);
    if becomes_get {
        forget_body(&mut headers);
    }
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
    let (method, body) =
        if becomes_get { (Method::GET, Body::Empty) } else { (method.clone(), body.clone()) };
    let plan = RequestTemplate { method, url: Some(url.clone()), headers: Arc::new(headers), body };
    Some(Outgoing { url, template: Arc::new(plan) })
}

/// Never sent to another origin, beside what the caller marked as secret.
fn is_secret(name: &HeaderName) -> bool {
    name == LAST_EVENT_ID || SECRET_HEADERS.contains(&name.as_str())
}

fn same_origin(one: &Origin, other: &Origin) -> bool {
    one.is_tuple() && one == other
}

/// Reads a reply's body, decoded, as it comes.
///
/// The reply is kept as it is: as a body alone it would lie behind one more pointer, and with thousands of streams each pointer
/// that is followed for an event leads to memory that has left the processor's caches.
pub(crate) struct BodyReader {
    response: reqwest::Response,
}

impl BodyReader {
    pub(crate) fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Chunk>> {
        loop {
            // Nothing is lost when it is dropped: it only borrows the body.
            match ready!(pin!(self.response.chunk()).poll(cx)) {
                Ok(None) => return Poll::Ready(None),
                Ok(Some(bytes)) if bytes.is_empty() => {}
                Ok(Some(bytes)) => return Poll::Ready(Some(Ok(bytes))),
                Err(error) => return Poll::Ready(Some(Err(classify_body(&error)))),
            }
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
