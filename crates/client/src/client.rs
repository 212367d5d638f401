//! The client: what its requests share.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use tokio::sync::Semaphore;

use crate::error::UsageError;
use crate::request::Request;
use crate::secret::is_secret_name;
use crate::shared_setup::SharedSetup;
use crate::transport::{Transport, TransportError, TransportOptions};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A client: connections, headers and limits that requests share. Cloning it is cheap and shares them too.
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

pub(crate) struct Shared {
    /// A client that cannot be set up says so with the first item of each stream.
    pub(crate) transport: Result<Transport, String>,
    pub(crate) headers: Arc<HeaderMap>,
    pub(crate) slots: Option<Slots>,
    pub(crate) setup: SharedSetup,
}

/// The slots of `max_concurrent`, given in the order in which they were asked for.
#[derive(Clone, Debug)]
pub(crate) struct Slots {
    pub(crate) free: Arc<Semaphore>,
    pub(crate) queue_timeout: Option<Duration>,
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

impl Client {
    /// A client with the default settings: HTTP/1.1 and HTTP/2, rustls, the environment's proxies, content codings decoded,
    /// redirects followed, 10 s to connect. In a browser it is the browser's `fetch`.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// To choose the settings.
    #[must_use]
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// A GET request.
    pub fn get(&self, url: impl AsRef<str>) -> Request {
        self.request(Method::GET, url)
    }

    /// A POST request.
    pub fn post(&self, url: impl AsRef<str>) -> Request {
        self.request(Method::POST, url)
    }

    /// A request. A URL that is none is said by the stream's first item.
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
    /// Natively only.
    pub(crate) authorities: Vec<Vec<u8>>,
    max_concurrent: Option<usize>,
    queue_timeout: Option<Duration>,
}

impl ClientBuilder {
    /// A header of every request; a request's own header of the same name wins.
    ///
    /// # Errors
    /// [`UsageError::Header`] for a name or value that HTTP does not allow.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, UsageError> {
        let (name, value) = header(name, value)?;
        self.headers.append(name, value);
        Ok(self)
    }

    /// The same for a secret: left out of `Debug` output, and not sent to another origin by a redirect.
    ///
    /// # Errors
    /// [`UsageError::Header`] for a name or value that HTTP does not allow.
    pub fn secret_header(mut self, name: &str, value: &str) -> Result<Self, UsageError> {
        let (name, mut value) = header(name, value)?;
        value.set_sensitive(true);
        self.headers.append(name, value);
        Ok(self)
    }

    /// How long TCP and TLS may take to stand; 10 s by default, zero for no limit. A browser does not tell, so there it does not apply.
    #[must_use]
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = Some(Some(limit).filter(|limit| !limit.is_zero()));
        self
    }

    /// The most streams that are open at a time, at least 1; the next ones wait in order.
    #[must_use]
    pub fn max_concurrent(mut self, streams: usize) -> Self {
        self.max_concurrent = Some(streams.max(1));
        self
    }

    /// How long a stream may wait for its place; for ever by default.
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

/// A header as HTTP allows it; its value is kept out of the error, since it may be a secret.
pub(crate) fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), UsageError> {
    let refused = || UsageError::Header { name: name.to_owned() };
    let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused())?;
    let mut value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| refused())?;
    if is_secret_name(header.as_str()) {
        value.set_sensitive(true);
    }
    Ok((header, value))
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("headers", &self.headers)
            .field("slots", &self.slots)
            .finish_non_exhaustive()
    }
}
