//! Reports to the core what the transport received.

use std::borrow::Cow;

use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue};
use tidewire_core::ResponseHead;
use tidewire_core::session::{At, Failure};

use crate::error::UsageError;
use crate::platform::Clock;
use crate::streaming::Streaming;
use crate::streaming::io::{Io, Parked, UnreadHead};
use crate::streaming::relay;
use crate::template::RequestTemplate;
use crate::transport::{Chunk, Response, TransportError};
use crate::wire::Wire;

/// `Retry-After` in milliseconds, as some APIs send it.
const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");

impl<I> Streaming<I> {
    /// A response head arrived, or the request failed.
    pub(super) fn answered(
        &mut self,
        at: At,
        request: &RequestTemplate,
        response: Result<Response, TransportError>,
    ) {
        self.io = Io::Idle;
        match response {
            Ok(Response { status, headers, url, body, lost_cursor }) => {
                self.observer.head(status);
                self.hooks.wire(Wire::Head { status, headers: &headers });
                let relay =
                    request.url.as_ref().and_then(|asked| relay::location(&headers, asked, url.as_ref()));
                let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
                let content_type = joined(&headers, CONTENT_TYPE);
                let head = ResponseHead {
                    status,
                    content_type: content_type.as_deref(),
                    retry_after: text(RETRY_AFTER),
                    retry_after_ms: text(RETRY_AFTER_MS),
                    relayed: relay.is_some(),
                };
                self.stream.head(at, &head, Clock::wall());
                // A response that is not read, such as a 503, says nothing about where the stream is kept.
                if let Some(relay) = relay.filter(|_| self.stream.is_reading()) {
                    self.preparation.get_or_insert_default().relay = Some(relay);
                }
                if lost_cursor {
                    self.stream.lost_cursor(at);
                }
                if !self.stream.is_reading() {
                    self.parked = Parked::Head(Box::new(UnreadHead { status, headers, refresh_error: None }));
                }
                self.io = Io::Reading(body);
            }
            Err(TransportError::Unsendable(problem)) => self.give_up(UsageError::Client { problem }),
            Err(error) => {
                self.hooks.wire(Wire::Broken);
                let failure = match error {
                    TransportError::Connect(_) => Failure::Connect,
                    TransportError::ConnectTimeout(_) => Failure::ConnectTimeout,
                    TransportError::Permanent(_) => Failure::Permanent,
                    TransportError::Broken(_)
                    | TransportError::Corrupt(_)
                    | TransportError::Unsendable(_) => Failure::Head,
                };
                self.stream.broke(at, failure, error.into_text());
            }
        }
    }

    /// Bytes of the body arrived, or its end (`None`), or a failure.
    pub(super) fn received(&mut self, at: At, chunk: Option<Chunk>) {
        match chunk {
            // The wire is not silent, but there is nothing to read.
            Some(Ok(bytes)) if bytes.is_empty() => self.stream.activity(at),
            Some(Ok(bytes)) => {
                self.observer.bytes(at.time(), bytes.len());
                self.hooks.wire(Wire::Bytes(&bytes));
                self.stream.received(at, bytes.len());
                self.chunk = bytes;
            }
            None => {
                self.hooks.wire(Wire::End);
                self.io = Io::Idle;
                self.stream.body_end();
            }
            Some(Err(error)) => {
                self.hooks.wire(Wire::Broken);
                self.io = Io::Idle;
                match error {
                    TransportError::Corrupt(error) => self.stream.corrupt(at, error),
                    error => self.stream.broke(at, Failure::Body, error.into_text()),
                }
            }
        }
    }
}

/// The values of a header, joined with commas (RFC 9110, 5.3). A value that is not text is left out.
fn joined(headers: &HeaderMap, name: HeaderName) -> Option<Cow<'_, str>> {
    let mut values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let first = values.next()?;
    Some(values.fold(Cow::Borrowed(first), |all, value| Cow::Owned(format!("{all}, {value}"))))
}
