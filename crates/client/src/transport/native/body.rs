//! Reads the decoded body of a response piece by piece, and tells apart a whole body and one that was cut off.

use std::future::Future;
use std::mem;
use std::pin::pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, Method, StatusCode, Version};
use http_body::Body as _;

use super::coding::Decoding;
use super::failure;
use crate::transport::message::{Chunk, TransportError};

/// Reads the body of a response.
///
/// For a plain body the whole response is kept: the body alone would need one more pointer, and with thousands of streams each pointer
/// that an event follows leads to memory that is no longer in the processor's caches.
pub(crate) enum BodyReader {
    /// A body without a coding.
    Plain(reqwest::Response),
    Coded(Box<CodedBody>),
    /// A body that cannot be decoded, and why.
    Undecodable(Box<str>),
    /// The end was read, or the response has no body.
    Over,
}

/// A body with content codings, which are decoded.
pub(crate) struct CodedBody {
    /// `None` after the end of the coded body.
    response: Option<reqwest::Response>,
    decoding: Decoding,
}

impl BodyReader {
    /// The body of a response with these headers to a request with this method. The headers that describe the coded body are removed if
    /// it will be decoded.
    pub(super) fn new(response: reqwest::Response, headers: &mut HeaderMap, method: &Method) -> Self {
        // `Content-Length` then describes a body that is not sent (RFC 9110, 8.6).
        if *method == Method::HEAD
            || matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
        {
            return Self::Over;
        }
        match Decoding::of(headers) {
            Ok(None) => Self::Plain(response),
            Ok(Some(decoding)) => {
                headers.remove(CONTENT_ENCODING);
                headers.remove(CONTENT_LENGTH);
                Self::Coded(Box::new(CodedBody { response: Some(response), decoding }))
            }
            Err(error) => Self::Undecodable(error.to_string().into()),
        }
    }

    /// The next piece of the body. An empty one means that bytes arrived which decode to nothing yet.
    pub(crate) fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Chunk>> {
        let chunk = match self {
            Self::Plain(response) => match ready!(poll_raw(response, cx)) {
                Some(chunk) => Some(chunk),
                None => match mem::replace(self, Self::Over) {
                    Self::Plain(response) => cut_off(response).map(Err),
                    _ => None,
                },
            },
            Self::Coded(body) => ready!(body.poll_chunk(cx)),
            Self::Undecodable(error) => Some(Err(TransportError::Corrupt(error.to_string()))),
            Self::Over => None,
        };
        if !matches!(chunk, Some(Ok(_))) {
            *self = Self::Over;
        }
        Poll::Ready(chunk)
    }
}

impl CodedBody {
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Chunk>> {
        let mut arrived = false;
        loop {
            match self.decoding.next() {
                Ok(Some(bytes)) => return Poll::Ready(Some(Ok(bytes))),
                Ok(None) if arrived => return Poll::Ready(Some(Ok(Bytes::new()))),
                Ok(None) => {}
                Err(error) => return Poll::Ready(Some(Err(TransportError::Corrupt(error.to_string())))),
            }
            let Some(response) = &mut self.response else { return Poll::Ready(None) };
            match ready!(poll_raw(response, cx)) {
                Some(Ok(bytes)) => {
                    self.decoding.push(bytes);
                    arrived = true;
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => {
                    let error = self.response.take().and_then(cut_off).or_else(|| {
                        let names = self.decoding.names();
                        let text = || format!("the body ended inside its content coding {names}");
                        (!self.decoding.is_whole()).then(|| TransportError::Broken(text()))
                    });
                    return Poll::Ready(error.map(Err));
                }
            }
        }
    }
}

/// The next bytes of the body as they are on the wire; `None` for an end that hyper considers clean.
fn poll_raw(response: &mut reqwest::Response, cx: &mut Context<'_>) -> Poll<Option<Chunk>> {
    loop {
        // Nothing is lost when the future is dropped: it only borrows the body.
        return Poll::Ready(match ready!(pin!(response.chunk()).poll(cx)) {
            Ok(Some(bytes)) if bytes.is_empty() => continue,
            Ok(Some(bytes)) => Some(Ok(bytes)),
            Ok(None) => None,
            Err(error) => Some(Err(failure::inside_body(&error))),
        });
    }
}

/// Why a body that hyper considers whole was cut off; `None` if it is whole.
fn cut_off(response: reqwest::Response) -> Option<TransportError> {
    if let Some(missing) = response.content_length().filter(|missing| *missing > 0) {
        let text = format!(
            "the connection broke inside the body: {missing} bytes of its Content-Length are missing"
        );
        return Some(TransportError::Broken(text));
    }
    // hyper considers a reset with the code NO_ERROR a clean end.
    let is_reset = response.version() == Version::HTTP_2
        && !end_of_stream::IS_HIDDEN
        && !http::Response::<reqwest::Body>::from(response).body().is_end_stream();
    let text = "the connection broke inside the body: the HTTP/2 stream was reset";
    is_reset.then(|| TransportError::Broken(text.to_owned()))
}

/// Whether reqwest shows how an HTTP/2 stream ended.
///
/// If any crate in the program turns on reqwest's content codings, the layer that decodes them hides the end, even of bodies without a coding
/// (tower-http 0.6 does not forward `is_end_stream`). A stream that was reset with NO_ERROR then reads as a clean end, unless it has a
/// `Content-Length`.
mod end_of_stream {
    use reqwest::ClientBuilder;

    pub(super) const IS_HIDDEN: bool = has(ClientBuilder::gzip)
        || has(ClientBuilder::brotli)
        || has(ClientBuilder::deflate)
        || has(ClientBuilder::zstd);

    /// Has a substitute for each method that reqwest has only with the feature of the same name. If reqwest has the method, that one takes
    /// precedence, and does not return `Absent`.
    #[allow(dead_code, reason = "used only without reqwest's features")]
    trait WithoutFeatures: Sized {
        fn gzip(self, _: bool) -> Absent {
            Absent
        }

        fn brotli(self, _: bool) -> Absent {
            Absent
        }

        fn deflate(self, _: bool) -> Absent {
            Absent
        }

        fn zstd(self, _: bool) -> Absent {
            Absent
        }
    }

    impl WithoutFeatures for ClientBuilder {}

    struct Absent;

    trait Presence {
        const IS_PRESENT: bool;
    }

    impl Presence for Absent {
        const IS_PRESENT: bool = false;
    }

    impl Presence for ClientBuilder {
        const IS_PRESENT: bool = true;
    }

    const fn has<T: Presence>(_: fn(ClientBuilder, bool) -> T) -> bool {
        T::IS_PRESENT
    }
}
