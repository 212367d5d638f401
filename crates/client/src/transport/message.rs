//! The requests, responses and errors of a transport, on every platform.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use url::Url;

use crate::template::RequestTemplate;

/// Settings of a client's connections.
#[derive(Clone, Debug)]
#[cfg_attr(target_family = "wasm", expect(dead_code, reason = "a browser manages its own connections"))]
pub(crate) struct TransportOptions {
    pub(crate) connect_timeout: Option<Duration>,
    /// Certificates (DER) of authorities that are trusted in addition to the platform's.
    pub(crate) authorities: Vec<Vec<u8>>,
}

/// One request as it goes out.
pub(crate) struct Outgoing {
    pub(crate) url: Url,
    pub(crate) template: Arc<RequestTemplate>,
}

/// A response whose head has arrived.
pub(crate) struct Response<B> {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// The URL that answered, after redirects; `None` if the platform does not say.
    pub(crate) url: Option<Url>,
    pub(crate) body: B,
    /// A redirect to another origin has dropped the header with the cursor.
    pub(crate) lost_cursor: bool,
}

/// Why there is no response, or no more of its body; the text is for people and holds no secret.
#[derive(Debug)]
pub(crate) enum TransportError {
    /// The caller's fault: the request cannot be made.
    Unsendable(String),
    /// It will fail again: a certificate that is not trusted, an answer that is not HTTP.
    #[cfg_attr(target_family = "wasm", expect(dead_code, reason = "a browser does not report it"))]
    Permanent(String),
    /// Before the request was sent.
    #[cfg_attr(target_family = "wasm", expect(dead_code, reason = "a browser does not report it"))]
    Connect(String),
    /// As `Connect`, because the time limit on connecting passed.
    #[cfg_attr(target_family = "wasm", expect(dead_code, reason = "a browser does not report it"))]
    ConnectTimeout(String),
    /// After it was sent: the connection broke.
    Broken(String),
    /// The body is not what its content coding says.
    #[cfg_attr(target_family = "wasm", expect(dead_code, reason = "a browser does not report it"))]
    Corrupt(String),
}

impl TransportError {
    /// The text for people.
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

/// A piece of a body. An empty one means that bytes arrived which decode to nothing yet.
pub(crate) type Chunk = Result<Bytes, TransportError>;
