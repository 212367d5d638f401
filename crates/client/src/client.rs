//! The client: what its requests share.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Method};
use tokio::sync::Semaphore;

use crate::error::UsageError;
use crate::input::{parse_header, parse_secret_header};
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
    headers: HeaderMap,
    connect_timeout: Option<Option<Duration>>,
    /// Certificates (DER) of authorities that are trusted beside the platform's; natively only.
    pub(crate) authorities: Vec<Vec<u8>>,
    max_concurrent: Option<usize>,
    queue_timeout: Option<Duration>,
}

impl ClientBuilder {
    /// Sends a header with every request; a request's own header of the same name wins.
    ///
    /// # Errors
    /// [`UsageError::Header`] if HTTP does not allow the name or the value.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, UsageError> {
        let (name, value) = parse_header(name, value)?;
        self.headers.append(name, value);
        Ok(self)
    }

    /// Sends a secret header with every request: left out of `Debug` output, and not sent to another origin by a redirect.
    ///
    /// # Errors
    /// [`UsageError::Header`] if HTTP does not allow the name or the value.
    pub fn secret_header(mut self, name: &str, value: &str) -> Result<Self, UsageError> {
        let (name, value) = parse_secret_header(name, value)?;
        self.headers.append(name, value);
        Ok(self)
    }

    /// How long TCP and TLS may take to be established; 10 s by default, zero for no limit. A browser cannot tell, so there it does not
    /// apply.
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
        let headers = Arc::new(self.headers);
        Client { shared: Arc::new(Shared { transport, headers, slots, setup: SharedSetup::default() }) }
    }
}
