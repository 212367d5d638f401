//! Sends a request and reads its response; what differs by platform is in here.

#[cfg_attr(target_family = "wasm", path = "browser/mod.rs")]
#[cfg_attr(not(target_family = "wasm"), path = "native/mod.rs")]
mod platform;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use url::Url;

use crate::attempt::RequestTemplate;

#[cfg(not(target_family = "wasm"))]
pub(crate) use self::platform::ca_certificates;
pub(crate) use self::platform::{BodyReader, Clock, OnceBody, Sendable, Timer, Transport, boxed, chance};
pub use self::platform::{MaybeSend, MaybeSync};

/// A request that is under way and whose head has not come.
pub(crate) type Sending = Boxed<Result<Response, TransportError>>;

/// A future that may go to another thread.
pub(crate) type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Settings of a client's connections.
#[derive(Clone, Debug)]
#[cfg_attr(target_family = "wasm", expect(dead_code, reason = "a browser connects as it likes"))]
pub(crate) struct TransportOptions {
    pub(crate) connect_timeout: Option<Duration>,
    /// Certificates (DER) of authorities that are trusted beside the platform's.
    pub(crate) authorities: Vec<Vec<u8>>,
}

/// A request as it is to be sent once: what was planned for `url`.
pub(crate) struct Outgoing {
    pub(crate) url: Url,
    pub(crate) template: Arc<RequestTemplate>,
}

/// A response whose head has come.
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: BodyReader,
    /// A redirect to another origin has dropped the `Last-Event-ID`.
    pub(crate) lost_cursor: bool,
}

/// Why there is no response, or no more of its body; the text is for people and holds no secret.
#[derive(Debug)]
pub(crate) enum TransportError {
    /// The caller's fault: the request cannot be made.
    Unsendable(String),
    /// It will fail again: a certificate that is not trusted, an answer that is not HTTP.
    #[cfg_attr(target_family = "wasm", expect(dead_code, reason = "a browser does not tell"))]
    Permanent(String),
    /// Before the request was sent.
    Connect(String),
    /// The same, for the limit of time on it.
    #[cfg_attr(target_family = "wasm", expect(dead_code, reason = "a browser does not tell"))]
    ConnectTimeout(String),
    /// After it was sent: the connection broke.
    Broken(String),
    /// The body is not what its content coding says.
    #[cfg_attr(target_family = "wasm", expect(dead_code, reason = "a browser does not tell"))]
    Corrupt(String),
}

impl TransportError {
    /// What is said to people.
    pub(crate) fn into_text(self) -> String {
        match self {
            Self::Unsendable(text)
            | Self::Permanent(text)
            | Self::Connect(text)
            | Self::ConnectTimeout(text)
            | Self::Broken(text)
            | Self::Corrupt(text) => text,
        }
    }
}

/// A piece of a body.
pub(crate) type Chunk = Result<Bytes, TransportError>;
