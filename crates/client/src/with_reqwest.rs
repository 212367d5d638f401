//! Options that only a native client has: the caller's own authorities, reqwest client and requests.

use std::mem;
use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use serde::de::DeserializeOwned;

use crate::body::Body;
use crate::client::{Client, ClientBuilder};
use crate::error::UsageError;
use crate::event::{Event, Frame};
use crate::request::Request;
use crate::streaming::Streaming;
use crate::transport::{self, Transport};

impl Client {
    /// A client over the caller's own `reqwest::Client`, whose redirect, proxy, TLS and connect settings apply: if it follows redirects,
    /// it decides which headers go to another origin. A content coding that it does not decode is decoded here.
    ///
    /// Over HTTP/2 its requests share a connection, even after one of them got no answer. Tidewire's own client then opens a new connection;
    /// this one needs [`http2_keep_alive_interval`](reqwest::ClientBuilder::http2_keep_alive_interval) to notice a dead one.
    #[must_use]
    pub fn from_reqwest(client: reqwest::Client) -> Self {
        Self::builder().reqwest(client).build()
    }
}

impl ClientBuilder {
    /// Trusts further authorities in addition to the platform's: the certificates in a PEM file. Further calls add to them. They do not
    /// apply to the caller's own `reqwest::Client`.
    ///
    /// # Errors
    /// [`UsageError::CaCertificates`] if the PEM has no certificate, or TLS is not built in.
    pub fn ca_certificates(mut self, pem: impl AsRef<[u8]>) -> Result<Self, UsageError> {
        let certificates = transport::ca_certificates(pem.as_ref())
            .map_err(|problem| UsageError::CaCertificates { problem })?;
        self.authorities.extend(certificates);
        Ok(self)
    }

    /// Uses the caller's own client, whose redirect, proxy, TLS and connect settings apply.
    #[must_use]
    pub fn reqwest(mut self, client: reqwest::Client) -> Self {
        self.transport = Some(Transport::with_client(client));
        self
    }
}

/// Makes a stream of a `reqwest::RequestBuilder`. The redirect, proxy, TLS and connect settings of its client apply.
///
/// ```no_run
/// use tidewire::RequestBuilderExt;
///
/// # async fn example() -> Result<(), tidewire::Error> {
/// let mut events = reqwest::Client::new().get("https://example.com/sse").events();
/// while let Some(event) = events.next().await {
///     println!("{}", event?.data);
/// }
/// # Ok(()) }
/// ```
pub trait RequestBuilderExt {
    /// The request, with all options of a [`Request`].
    fn streaming(self) -> Request;

    /// Reads the response as SSE events, see [`Request::events`].
    fn events(self) -> Streaming<Event>
    where
        Self: Sized,
    {
        self.streaming().events()
    }

    /// Reads the response as typed JSON records, see [`Request::records`].
    fn records<T: DeserializeOwned>(self) -> Streaming<T>
    where
        Self: Sized,
    {
        self.streaming().records()
    }

    /// Reads the response as text, see [`Request::text`].
    fn text(self) -> Streaming<String>
    where
        Self: Sized,
    {
        self.streaming().text()
    }

    /// Reads everything that the stream shows, see [`Request::frames`].
    fn frames(self) -> Streaming<Frame>
    where
        Self: Sized,
    {
        self.streaming().frames()
    }
}

impl RequestBuilderExt for reqwest::RequestBuilder {
    fn streaming(self) -> Request {
        Request::from_reqwest(self)
    }
}

impl Request {
    /// Sends a body that can be read only once, so that the request is never sent twice.
    pub fn body_once(mut self, body: impl Into<reqwest::Body>) -> Self {
        self.parts.template.body = Body::once(body.into());
        self
    }

    fn from_reqwest(builder: reqwest::RequestBuilder) -> Self {
        let (client, request) = builder.build_split();
        let shared = Client::from_reqwest(client).shared;
        match request {
            Ok(mut request) => {
                let mut this = Self::new(shared, request.method().clone(), request.url().as_str());
                this.parts.template.headers = Arc::new(mem::take(request.headers_mut()));
                this.parts.template.body = match request.body_mut().take() {
                    None => Body::Empty,
                    Some(body) => match body.as_bytes() {
                        Some(bytes) => Body::bytes(Bytes::copy_from_slice(bytes)),
                        None => Body::once(body),
                    },
                };
                this
            }
            Err(error) => {
                let mut this = Self::new(shared, Method::GET, "http://localhost/");
                this.parts.note(UsageError::Client { problem: error.without_url().to_string() });
                this
            }
        }
    }
}
