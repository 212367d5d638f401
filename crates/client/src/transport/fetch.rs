//! The browser's transport: `fetch`, the reader of a `ReadableStream`, and the browser's clock, timers and dice. Workers and Node have
//! the same.

use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use gloo_timers::future::TimeoutFuture;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use js_sys::{Array, Date, Error, JsString, Math, Promise, Uint8Array};
use send_wrapper::SendWrapper;
use std::future::Future;
use url::Url;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, Headers, ReadableStreamDefaultReader, RequestCache, RequestCredentials, RequestInit,
    Response,
};

use super::{Boxed, Chunk, Outgoing, Reply, Sending, TransportError};
use crate::attempt::Plan;
use crate::body::Taken;
use crate::client::ClientBuilder;

#[wasm_bindgen]
extern "C" {
    /// The same in a window, in a worker and in Node.
    fn fetch(request: &web_sys::Request) -> Promise;

    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;

    #[wasm_bindgen(catch)]
    fn btoa(binary: &str) -> Result<String, JsValue>;

    /// What a reader's `read` resolves to.
    type Piece;

    #[wasm_bindgen(method, getter, structural)]
    fn done(this: &Piece) -> bool;

    #[wasm_bindgen(method, getter, structural)]
    fn value(this: &Piece) -> Option<Uint8Array>;
}

/// No body that can be read once: browsers take none from a page without more ado.
pub(crate) type OnceBody = std::convert::Infallible;

/// Nothing, in a browser, where there is one thread. Natively it is `Send`.
pub trait MaybeSend {}
impl<T> MaybeSend for T {}

/// The same for what several threads would use: natively it is `Sync`.
pub trait MaybeSync {}
impl<T> MaybeSync for T {}

/// What stays on the one thread that there is.
pub(crate) struct Sendable<T>(SendWrapper<T>);

impl<T> Sendable<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(SendWrapper::new(value))
    }
}

impl<T> Deref for Sendable<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Sendable<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

/// The same of a future.
pub(crate) fn boxed<F: Future + 'static>(future: F) -> Boxed<F::Output> {
    Box::pin(SendWrapper::new(future))
}

impl ClientBuilder {
    /// Sends cookies and the like to other origins too (`credentials: "include"`); to its own they always go. In browsers only.
    #[must_use]
    pub fn with_credentials(mut self) -> Self {
        self.transport = Some(Transport { credentials: RequestCredentials::Include });
        self
    }
}

/// `fetch`.
#[derive(Clone, Debug)]
pub(crate) struct Transport {
    credentials: RequestCredentials,
}

impl Transport {
    #[expect(clippy::unnecessary_wraps, reason = "the native one may fail")]
    pub(crate) const fn new(_connect_timeout: Option<Duration>) -> Result<Self, TransportError> {
        Ok(Self { credentials: RequestCredentials::SameOrigin })
    }

    /// None: a header that no form can send costs a request to another origin a second one, and `fetch` keeps caches out by itself.
    pub(crate) fn default_headers(&self) -> impl Iterator<Item = (HeaderName, &'static str)> + use<> {
        std::iter::empty()
    }

    /// Sends the request and waits for the reply's head. Redirects are the browser's to follow.
    pub(crate) fn send(self, request: Outgoing) -> Sending {
        boxed(async move {
            let abort = Abort::new()?;
            let request = self.outgoing(request, &abort)?;
            // No rejection says whether the request was sent, so it counts as sent.
            let response = JsFuture::from(fetch(&request))
                .await
                .map_err(|error| TransportError::Broken(said(&error)))?;
            Ok(reply(&response.unchecked_into(), abort))
        })
    }

    fn outgoing(self, request: Outgoing, abort: &Abort) -> Result<web_sys::Request, TransportError> {
        let Outgoing { mut url, plan } = request;
        let init = RequestInit::new();
        init.set_method(plan.method.as_str());
        init.set_headers(&headers(&mut url, &plan)?.into());
        init.set_cache(RequestCache::NoStore);
        init.set_credentials(self.credentials);
        init.set_signal(Some(&abort.0.signal()));
        if let Taken::Bytes(bytes) = plan.body.take() {
            init.set_body(&Uint8Array::from(&bytes[..]));
        }
        web_sys::Request::new_with_str_and_init(url.as_str(), &init).map_err(|error| unsendable(&error))
    }
}

/// Ends the request when it is dropped.
struct Abort(AbortController);

impl Abort {
    fn new() -> Result<Self, TransportError> {
        AbortController::new().map(Self).map_err(|error| unsendable(&error))
    }
}

impl Drop for Abort {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The plan's headers, and the user and password of the URL, which `fetch` takes none with, as an `Authorization` (RFC 7617).
fn headers(url: &mut Url, plan: &Plan) -> Result<Headers, TransportError> {
    let headers = Headers::new().map_err(|error| unsendable(&error))?;
    for (name, value) in &*plan.headers {
        headers.append(name.as_str(), &latin1(value.as_bytes())).map_err(|error| unsendable(&error))?;
    }
    if !url.username().is_empty() || url.password().is_some() {
        if !plan.headers.contains_key(AUTHORIZATION) {
            let user = [url.username(), url.password().unwrap_or_default()].map(unescaped).join(":");
            let basic = btoa(&latin1(user.as_bytes())).map_err(|error| unsendable(&error))?;
            let value = format!("Basic {basic}");
            headers.append(AUTHORIZATION.as_str(), &value).map_err(|error| unsendable(&error))?;
        }
        // Neither fails for a URL of HTTP.
        let _ = url.set_username("");
        let _ = url.set_password(None);
    }
    Ok(headers)
}

/// What stands percent-encoded in a URL.
fn unescaped(text: &str) -> String {
    js_sys::decode_uri_component(text).map_or_else(|_| text.to_owned(), String::from)
}

/// A string of one character a byte, as browsers take and give headers.
fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn reply(response: &Response, abort: Abort) -> Reply {
    let reader = response.body().and_then(|body| body.get_reader().dyn_into().ok());
    let body = BodyReader(SendWrapper::new(Body { reader, read: None, _abort: abort }));
    Reply { status: response.status(), headers: header_map(&response.headers()), body }
}

/// What the browser shows of a reply's headers: to another origin's page, what CORS lets through.
fn header_map(headers: &Headers) -> HeaderMap {
    let mut map = HeaderMap::new();
    for entry in js_sys::try_iter(headers).ok().flatten().into_iter().flatten().flatten() {
        let [name, value] =
            [0, 1].map(|place| entry.unchecked_ref::<Array>().get(place).as_string().unwrap_or_default());
        let bytes: Vec<u8> = value.chars().map(|character| character as u8).collect();
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(&bytes))
        {
            map.append(name, value);
        }
    }
    map
}

/// Reads a reply's body, decoded, as it comes.
pub(crate) struct BodyReader(SendWrapper<Body>);

struct Body {
    /// None for a reply without a body, and behind the end.
    reader: Option<ReadableStreamDefaultReader>,
    read: Option<JsFuture>,
    _abort: Abort,
}

impl BodyReader {
    pub(crate) fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Chunk>> {
        let Body { reader, read, .. } = &mut *self.0;
        loop {
            let Some(source) = reader else { return Poll::Ready(None) };
            let piece = ready!(Pin::new(read.get_or_insert_with(|| JsFuture::from(source.read()))).poll(cx));
            *read = None;
            let piece: Piece = match piece {
                Ok(piece) => piece.unchecked_into(),
                Err(error) => {
                    *reader = None;
                    let text = format!("the connection broke inside the body: {}", said(&error));
                    return Poll::Ready(Some(Err(TransportError::Broken(text))));
                }
            };
            if piece.done() {
                *reader = None;
            } else if let Some(bytes) = piece.value().filter(|bytes| bytes.length() > 0) {
                return Poll::Ready(Some(Ok(Bytes::from(bytes.to_vec()))));
            }
        }
    }
}

/// The browser's clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    origin: f64,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { origin: performance_now() }
    }

    /// Time since the clock was started.
    pub(crate) fn now(self) -> Duration {
        milliseconds(performance_now() - self.origin)
    }

    /// Time since 1970-01-01 00:00 UTC.
    pub(crate) fn wall() -> Duration {
        milliseconds(Date::now())
    }
}

/// To the microsecond; what is no time is none.
fn milliseconds(time: f64) -> Duration {
    Duration::from_micros((time * 1000.0) as u64)
}

/// An even draw, for the jitter of waits.
pub(crate) fn chance() -> u32 {
    (Math::random() * 4_294_967_296.0) as u32
}

/// One timer that is armed again and again.
#[derive(Default)]
pub(crate) struct Timer {
    armed: Option<(Duration, SendWrapper<TimeoutFuture>)>,
}

/// The longest time that a browser's timer takes.
const LONGEST_TIMER: Duration = Duration::from_millis(i32::MAX as u64);

impl Timer {
    /// Ready when `deadline` has passed on `clock`. A timer that stands earlier is left alone and armed again when it goes off:
    /// deadlines move on with every chunk, timers need not.
    ///
    /// `now` is what the clock said last.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        clock: Clock,
        now: Duration,
        deadline: Duration,
    ) -> Poll<()> {
        let mut now = now;
        loop {
            let armed = match &mut self.armed {
                Some((due, sleep)) if *due <= deadline => sleep,
                _ => {
                    let rest = deadline.saturating_sub(now).min(LONGEST_TIMER);
                    // Rounded up: a timer that goes off early would be armed for nothing.
                    let sleep = TimeoutFuture::new(rest.as_micros().div_ceil(1000) as u32);
                    &mut self.armed.insert((deadline, SendWrapper::new(sleep))).1
                }
            };
            ready!(Pin::new(armed).poll(cx));
            self.armed = None;
            now = clock.now();
            if now >= deadline {
                return Poll::Ready(());
            }
        }
    }
}

fn unsendable(error: &JsValue) -> TransportError {
    TransportError::Unsendable(said(error))
}

/// What the browser says of a failure, which is little: the rest stands in its console.
fn said(error: &JsValue) -> String {
    let text = error.dyn_ref::<Error>().map_or_else(|| JsString::from(format!("{error:?}")), Error::message);
    String::from(text)
}
