//! HTTP: sends a request and reads its response, with reqwest natively and `fetch` in a browser.

#[cfg_attr(target_family = "wasm", path = "browser/mod.rs")]
#[cfg_attr(not(target_family = "wasm"), path = "native/mod.rs")]
mod current;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use url::Url;

#[cfg(not(target_family = "wasm"))]
pub(crate) use self::current::ca_certificates;
pub(crate) use self::current::{BodyReader, Transport};
use crate::platform::Boxed;
use crate::template::RequestTemplate;

/// A request that was sent and whose response head has not arrived.
pub(crate) type Sending = Boxed<Result<Response, TransportError>>;

/// Settings of a client's connections.
#[derive(Clone, Debug)]
#[cfg_attr(target_family = "wasm", expect(dead_code, reason = "a browser connects as it likes"))]
pub(crate) struct TransportOptions {
    pub(crate) connect_timeout: Option<Duration>,
    /// Certificates (DER) of authorities that are trusted beside the platform's.
    pub(crate) authorities: Vec<Vec<u8>>,
}

/// One request as it goes out.
pub(crate) struct Outgoing {
    pub(crate) url: Url,
    pub(crate) template: Arc<RequestTemplate>,
}

/// A response whose head has arrived.
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// Where it came from, after redirects; `None` if the platform does not say.
    pub(crate) url: Option<Url>,
    pub(crate) body: BodyReader,
    /// A redirect to another origin has dropped the header with the cursor.
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
    #[cfg_attr(target_family = "wasm", expect(dead_code, reason = "a browser does not tell"))]
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
