//! Sends requests with `fetch`, and reads responses through the reader of their `ReadableStream`.

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

use crate::body::Taken;
use crate::platform::{Boxed, boxed};
use crate::template::RequestTemplate;
use crate::transport::message::{Chunk, Outgoing, Response, TransportError, TransportOptions};

#[wasm_bindgen]
extern "C" {
    /// The global function, in a window, in a worker and in Node.
    fn fetch(request: &web_sys::Request) -> Promise;

    #[wasm_bindgen(catch)]
    fn btoa(binary: &str) -> Result<String, JsValue>;

    /// The result of a reader's `read`.
    type ReadResult;

    #[wasm_bindgen(method, getter, structural)]
    fn done(this: &ReadResult) -> bool;

    #[wasm_bindgen(method, getter, structural)]
    fn value(this: &ReadResult) -> Option<Uint8Array>;
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

    /// The browser manages its own connections.
    #[expect(clippy::unused_self, reason = "the native one has several pools")]
    pub(crate) const fn replace_pool(&self, _number: u32) {}

    #[expect(clippy::unused_self, reason = "see `replace_pool`")]
    pub(crate) const fn replace_present_pool(&self) {}

    /// Sends cookies and other credentials to other origins too.
    pub(crate) const fn with_credentials() -> Self {
        Self { credentials: RequestCredentials::Include }
    }

    /// No headers: one that no form could send costs a preflight to another origin, and `fetch` has an option that avoids caches.
    pub(crate) fn default_headers(&self) -> impl Iterator<Item = (HeaderName, &'static str)> + use<> {
        std::iter::empty()
    }

    /// Sends the request and waits for the response's head. The browser follows redirects.
    pub(crate) fn send(
        self,
        request: Outgoing,
    ) -> (Boxed<Result<Response<BodyReader>, TransportError>>, u32) {
        let response = boxed(async move {
            let abort = Abort::new()?;
            let request = self.outgoing(request, &abort)?;
            // A rejection does not say whether the request was sent, so it counts as sent.
            let response = JsFuture::from(fetch(&request))
                .await
                .map_err(|error| TransportError::Broken(message(&error)))?;
            Ok(response_of(&response.unchecked_into(), abort))
        });
        (response, 0)
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

/// Aborts the request when it is dropped.
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

/// The template's headers. `fetch` takes no URL with user and password, so these become an `Authorization` (RFC 7617).
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
        // Neither fails for an HTTP URL.
        let _ = url.set_username("");
        let _ = url.set_password(None);
    }
    Ok(headers)
}

/// Text that is percent-encoded in a URL.
fn unescaped(text: &str) -> String {
    js_sys::decode_uri_component(text).map_or_else(|_| text.to_owned(), String::from)
}

/// A string with one character for each byte, which is how browsers represent header values.
fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn response_of(response: &web_sys::Response, abort: Abort) -> Response<BodyReader> {
    let reader = response.body().and_then(|body| body.get_reader().dyn_into().ok());
    let body = BodyReader(SendWrapper::new(Body { reader, read: None, _abort: abort }));
    // A browser keeps the header across redirects, if the other origin allows it (WHATWG Fetch, "HTTP-redirect fetch").
    let url = Url::parse(&response.url()).ok();
    Response {
        status: response.status(),
        headers: header_map(&response.headers()),
        url,
        body,
        lost_cursor: false,
    }
}

/// The response's headers, as far as the browser shows them: to a page of another origin, those that CORS exposes.
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

/// Reads a response's body as it arrives, with the content coding removed.
pub(crate) struct BodyReader(SendWrapper<Body>);

struct Body {
    /// `None` if the response has no body, and after its end.
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
            let piece: ReadResult = match piece {
                Ok(piece) => piece.unchecked_into(),
                Err(error) => {
                    *reader = None;
                    let text = format!("the connection broke inside the body: {}", message(&error));
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
    TransportError::Unsendable(message(error))
}

/// The browser's message about a failure. It says little: the rest is in the browser's console.
fn message(error: &JsValue) -> String {
    let text = error.dyn_ref::<Error>().map_or_else(|| JsString::from(format!("{error:?}")), Error::message);
    String::from(text)
}
