//! Tells the core what the transport brought.

use http::HeaderValue;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use tidewire_core::session::{At, Failure};

use crate::error::UsageError;
use crate::platform::Clock;
use crate::streaming::Streaming;
use crate::streaming::io::{Io, Parked};
use crate::transport::{Chunk, Response, TransportError};
use crate::wire::Wire;

impl<I> Streaming<I> {
    /// A response head arrived, or the request failed.
    pub(super) fn answered(&mut self, at: At, response: Result<Response, TransportError>) {
        self.io = Io::Idle;
        match response {
            Ok(Response { status, headers, body, lost_cursor }) => {
                self.observer.head(status);
                self.hooks.wire(Wire::Head { status, headers: &headers });
                let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
                self.stream.head(at, status, text(CONTENT_TYPE), text(RETRY_AFTER), Clock::wall());
                if lost_cursor {
                    self.stream.lost_cursor(at);
                }
                if !self.stream.is_reading() {
                    self.parked = Parked::Head(Box::new((status, headers)));
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
            Some(Ok(bytes)) => {
                self.observer.bytes(at.now, bytes.len());
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
