//! Requests by `fetch`, and replies by the reader of their `ReadableStream`.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use js_sys::{Array, Error, JsString, Promise, Uint8Array};
use send_wrapper::SendWrapper;
use url::Url;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, Headers, ReadableStreamDefaultReader, RequestCache, RequestCredentials, RequestInit,
};

use super::super::{Chunk, Outgoing, Response, Sending, TransportError, TransportOptions};
use crate::body::Taken;
use crate::platform::boxed;
use crate::template::RequestTemplate;

#[wasm_bindgen]
extern "C" {
    /// The same in a window, in a worker and in Node.
    fn fetch(request: &web_sys::Request) -> Promise;

    #[wasm_bindgen(catch)]
    fn btoa(binary: &str) -> Result<String, JsValue>;

    /// What a reader's `read` resolves to.
    type Piece;

    #[wasm_bindgen(method, getter, structural)]
    fn done(this: &Piece) -> bool;

    #[wasm_bindgen(method, getter, structural)]
    fn value(this: &Piece) -> Option<Uint8Array>;
}

/// `fetch`.
#[derive(Clone, Debug)]
pub(crate) struct Transport {
    credentials: RequestCredentials,
}

impl Transport {
    #[expect(clippy::unnecessary_wraps, reason = "the native one may fail")]
    pub(crate) const fn new(_options: &TransportOptions) -> Result<Self, TransportError> {
        Ok(Self { credentials: RequestCredentials::SameOrigin })
    }

    /// Sends cookies and other credentials to other origins too.
    pub(crate) const fn with_credentials() -> Self {
        Self { credentials: RequestCredentials::Include }
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
        let Outgoing { mut url, template } = request;
        let init = RequestInit::new();
        init.set_method(template.method.as_str());
        init.set_headers(&headers(&mut url, &template)?.into());
        init.set_cache(RequestCache::NoStore);
        init.set_credentials(self.credentials);
        init.set_signal(Some(&abort.0.signal()));
        if let Taken::Bytes(bytes) = template.body.take() {
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

/// The template's headers, and the user and password of the URL, which `fetch` takes none with, as an `Authorization` (RFC 7617).
fn headers(url: &mut Url, template: &RequestTemplate) -> Result<Headers, TransportError> {
    let headers = Headers::new().map_err(|error| unsendable(&error))?;
    for (name, value) in &*template.headers {
        headers.append(name.as_str(), &latin1(value.as_bytes())).map_err(|error| unsendable(&error))?;
    }
    if !url.username().is_empty() || url.password().is_some() {
        if !template.headers.contains_key(AUTHORIZATION) {
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

fn reply(response: &web_sys::Response, abort: Abort) -> Response {
    let reader = response.body().and_then(|body| body.get_reader().dyn_into().ok());
    let body = BodyReader(SendWrapper::new(Body { reader, read: None, _abort: abort }));
    // A browser keeps the header over redirects, where the other origin allows it (WHATWG Fetch, "HTTP-redirect fetch").
    Response { status: response.status(), headers: header_map(&response.headers()), body, lost_cursor: false }
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

fn unsendable(error: &JsValue) -> TransportError {
    TransportError::Unsendable(said(error))
}

/// What the browser says of a failure, which is little: the rest stands in its console.
fn said(error: &JsValue) -> String {
    let text = error.dyn_ref::<Error>().map_or_else(|| JsString::from(format!("{error:?}")), Error::message);
    String::from(text)
}
