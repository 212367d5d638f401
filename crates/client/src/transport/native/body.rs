//! Reads the body of a response, decoded, as it comes, and tells a whole one from one that was cut off.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, ready};

use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, Method, StatusCode, Version};
use http_body::Body as _;

use super::super::{Chunk, TransportError};
use super::coding::{CodingError, Decoding};
use super::failure;

/// Reads the body of a response.
///
/// The response is kept as it is: as a body alone it would lie behind one more pointer, and with thousands of streams each pointer
/// that is followed for an event leads to memory that has left the processor's caches.
pub(crate) struct BodyReader {
    /// `None` after its end.
    response: Option<reqwest::Response>,
    coding: Coding,
    /// `Content-Length` is that of a body which is not sent (RFC 9110, 8.6).
    is_bodiless: bool,
}

enum Coding {
    None,
    Some(Box<Decoding>),
    /// One that cannot be undone.
    Unknown(Option<CodingError>),
}

impl BodyReader {
    /// The body of a response with these headers to a request with this method. The headers that describe the coded body are removed if
    /// it will be decoded.
    pub(super) fn new(response: reqwest::Response, headers: &mut HeaderMap, method: &Method) -> Self {
        let status = response.status();
        let is_bodiless =
            *method == Method::HEAD || status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED;
        let coding = match Decoding::of(headers) {
            Ok(None) => Coding::None,
            Ok(Some(decoding)) => {
                headers.remove(CONTENT_ENCODING);
                headers.remove(CONTENT_LENGTH);
                Coding::Some(Box::new(decoding))
            }
            Err(error) => Coding::Unknown(Some(error)),
        };
        Self { response: Some(response), coding, is_bodiless }
    }

    pub(crate) fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Chunk>> {
        loop {
            match &mut self.coding {
                Coding::None => return self.poll_raw(cx),
                Coding::Unknown(error) => {
                    self.response = None;
                    let error = error.take().map(|error| Err(TransportError::Corrupt(error.to_string())));
                    return Poll::Ready(error);
                }
                Coding::Some(decoding) => match decoding.next() {
                    Ok(Some(bytes)) => return Poll::Ready(Some(Ok(bytes))),
                    Ok(None) => {}
                    Err(error) => {
                        self.response = None;
                        return Poll::Ready(Some(Err(TransportError::Corrupt(error.to_string()))));
                    }
                },
            }
            let chunk = ready!(self.poll_raw(cx));
            match (chunk, &mut self.coding) {
                (Some(Ok(bytes)), Coding::Some(decoding)) => decoding.push(bytes),
                (None, Coding::Some(decoding)) if !decoding.is_whole() => {
                    let text = format!("the body ended inside its content coding {}", decoding.names());
                    self.coding = Coding::None;
                    return Poll::Ready(Some(Err(TransportError::Broken(text))));
                }
                (chunk, _) => return Poll::Ready(chunk),
            }
        }
    }

    /// The next bytes of the body as they are on the wire.
    fn poll_raw(&mut self, cx: &mut Context<'_>) -> Poll<Option<Chunk>> {
        loop {
            let Some(response) = &mut self.response else { return Poll::Ready(None) };
            // Nothing is lost when the future is dropped: it only borrows the body.
            let chunk = ready!(pin!(response.chunk()).poll(cx));
            let response = match chunk {
                Ok(Some(bytes)) if bytes.is_empty() => continue,
                Ok(Some(bytes)) => return Poll::Ready(Some(Ok(bytes))),
                Ok(None) | Err(_) => self.response.take(),
            };
            let error = match chunk {
                Err(error) => Some(failure::inside_body(&error)),
                Ok(_) => response.and_then(|response| self.cut(response)),
            };
            return Poll::Ready(error.map(Err));
        }
    }

    /// What cut off a body that hyper takes for a whole one.
    fn cut(&self, response: reqwest::Response) -> Option<TransportError> {
        let missing = response.content_length().filter(|missing| *missing > 0 && !self.is_bodiless);
        // hyper takes a reset with the code NO_ERROR for a clean end.
        let is_reset = response.version() == Version::HTTP_2
            && !end_of_stream::IS_HIDDEN
            && !http::Response::<reqwest::Body>::from(response).body().is_end_stream();
        let text = match (missing, is_reset) {
            (Some(missing), _) => {
                format!(
                    "the connection broke inside the body: {missing} bytes of its Content-Length are missing"
                )
            }
            (None, true) => "the connection broke inside the body: the HTTP/2 stream was reset".to_owned(),
            (None, false) => return None,
        };
        Some(TransportError::Broken(text))
    }
}

/// Whether reqwest shows how an HTTP/2 stream ended.
///
/// If some crate in the program has reqwest decode bodies, the layer that does it hides that, also for bodies that it leaves alone
/// (tower-http 0.6 does not forward `is_end_stream`). A stream that was reset with NO_ERROR then reads as a clean end, unless it has a
/// `Content-Length`.
mod end_of_stream {
    use reqwest::ClientBuilder;

    pub(super) const IS_HIDDEN: bool = has(ClientBuilder::gzip)
        || has(ClientBuilder::brotli)
        || has(ClientBuilder::deflate)
        || has(ClientBuilder::zstd);

    /// Stands for a method that reqwest has only with the feature of its name: where it is there, it comes before a trait's.
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

    trait Answer {
        const IS_THERE: bool;
    }

    impl Answer for Absent {
        const IS_THERE: bool = false;
    }

    impl Answer for ClientBuilder {
        const IS_THERE: bool = true;
    }

    const fn has<T: Answer>(_: fn(ClientBuilder, bool) -> T) -> bool {
        T::IS_THERE
    }
}
