//! The client: what its requests share.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Method};
use tokio::sync::Semaphore;
use url::{Origin, Url};

use crate::error::UsageError;
use crate::input::{parse_header, parse_secret_header, parse_url};
use crate::origins::ClientHeaders;
use crate::request::Request;
use crate::shared::{Shared, SharedSetup, Slots};
use crate::transport::{Transport, TransportError, TransportOptions};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A client: the connections, headers and limits that its requests share. Cloning it is cheap, and the clone shares them too.
///
/// ```no_run
/// # async fn example() -> Result<(), tidewire::Error> {
/// let client = tidewire::Client::new();
/// let mut events = client.get("https://example.com/sse").events();
/// while let Some(event) = events.next().await {
///     println!("{}", event?.data);
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) shared: Arc<Shared>,
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

impl Client {
    /// A client with the default settings: HTTP/1.1 and HTTP/2, TLS with the platform's authorities, the proxies of the environment,
    /// content codings decoded, redirects followed, 10 s to connect. In a browser it uses the browser's `fetch`.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// A builder, to choose the settings.
    #[must_use]
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// A GET request. An invalid URL is reported by the stream's first item.
    pub fn get(&self, url: impl AsRef<str>) -> Request {
        self.request(Method::GET, url)
    }

    /// A POST request. An invalid URL is reported by the stream's first item.
    pub fn post(&self, url: impl AsRef<str>) -> Request {
        self.request(Method::POST, url)
    }

    /// A request of any method. An invalid URL is reported by the stream's first item.
    pub fn request(&self, method: Method, url: impl AsRef<str>) -> Request {
        Request::new(Arc::clone(&self.shared), method, url.as_ref())
    }
}

/// Settings of a [`Client`].
#[derive(Clone, Debug, Default)]
pub struct ClientBuilder {
    pub(crate) transport: Option<Transport>,
    base: Option<Url>,
    allowed_origins: Vec<Origin>,
    headers: HeaderMap,
    connect_timeout: Option<Option<Duration>>,
    /// Certificates (DER) of authorities that are trusted in addition to the platform's; natively only.
    pub(crate) authorities: Vec<Vec<u8>>,
    max_concurrent: Option<usize>,
    queue_timeout: Option<Duration>,
}

impl ClientBuilder {
    /// Puts this URL before the path of each request: `https://example.com/v1` and `/chat` make `https://example.com/v1/chat`. A request
    /// for a whole URL is not changed.
    ///
    /// # Errors
    /// [`UsageError::Url`] if it is not an HTTP(S) URL.
    pub fn base_url(mut self, url: &str) -> Result<Self, UsageError> {
        self.base = Some(parse_url(url)?);
        Ok(self)
    }

    /// Sends the client's headers also to the origin of this URL.
    ///
    /// # Errors
    /// [`UsageError::Url`] if it is not an HTTP(S) URL.
    pub fn allowed_origin(mut self, url: &str) -> Result<Self, UsageError> {
        self.allowed_origins.push(parse_url(url)?.origin());
        Ok(self)
    }

    /// Sends a header with every request to the client's own origin: that of its [`base_url`](Self::base_url) or, without one, that of its
    /// first request. Other origins get it only if they are [allowed](Self::allowed_origin), also when a redirect leads there. A request's own
    /// header of the same name wins. With the caller's own HTTP client, that one follows redirects, by its own rules.
    ///
    /// # Errors
    /// [`UsageError::Header`] if HTTP does not allow the name or the value.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, UsageError> {
        let (name, value) = parse_header(name, value)?;
        self.headers.append(name, value);
        Ok(self)
    }

    /// Sends a secret header with every request to the client's own origin, as [`header`](Self::header) does. It is left out of `Debug`
    /// output, and no redirect takes it to another origin.
    ///
    /// # Errors
    /// [`UsageError::Header`] if HTTP does not allow the name or the value.
    pub fn secret_header(mut self, name: &str, value: &str) -> Result<Self, UsageError> {
        let (name, value) = parse_secret_header(name, value)?;
        self.headers.append(name, value);
        Ok(self)
    }

    /// How long TCP and TLS may take to be established; 10 s by default, zero for no limit. It does not apply in a browser, where
    /// a page cannot see when a connection is established.
    #[must_use]
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = Some(Some(limit).filter(|limit| !limit.is_zero()));
        self
    }

    /// How many streams may be open at a time, at least 1; further ones wait for a slot, in order.
    #[must_use]
    pub fn max_concurrent(mut self, streams: usize) -> Self {
        self.max_concurrent = Some(streams.max(1));
        self
    }

    /// How long a stream may wait for its slot; forever by default, and if zero.
    #[must_use]
    pub fn queue_timeout(mut self, limit: Duration) -> Self {
        self.queue_timeout = Some(limit).filter(|limit| !limit.is_zero());
        self
    }

    /// The client.
    #[must_use]
    pub fn build(self) -> Client {
        let transport = match self.transport {
            Some(transport) => Ok(transport),
            None => Transport::new(&TransportOptions {
                connect_timeout: self.connect_timeout.unwrap_or(Some(CONNECT_TIMEOUT)),
                authorities: self.authorities,
            }),
        };
        let slots = self.max_concurrent.map(|streams| Slots {
            free: Arc::new(Semaphore::new(streams.min(Semaphore::MAX_PERMITS))),
            queue_timeout: self.queue_timeout,
        });
        let transport = transport.map_err(TransportError::into_text);
        let client_headers = ClientHeaders::new(self.headers, self.base.as_ref(), self.allowed_origins);
        Client {
            shared: Arc::new(Shared {
                transport,
                base: self.base,
                client_headers: Arc::new(client_headers),
                slots,
                setup: SharedSetup::default(),
            }),
        }
    }
}
