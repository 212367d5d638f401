//! What the streams of one client share.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use tidewire_core::{Stream, StreamOptions};
use tokio::sync::Semaphore;
use url::Url;

use crate::origins::ClientHeaders;
use crate::transport::Transport;

/// A client's transport, base URL, headers and slots.
pub(crate) struct Shared {
    /// Why the client cannot be set up, if it cannot: the first item of each stream reports it.
    pub(crate) transport: Result<Transport, String>,
    pub(crate) base: Option<Url>,
    pub(crate) client_headers: Arc<ClientHeaders>,
    pub(crate) slots: Option<Slots>,
    pub(crate) setup: SharedSetup,
}

/// The slots of `max_concurrent`, handed out in the order of the requests for them.
#[derive(Clone, Debug)]
pub(crate) struct Slots {
    pub(crate) free: Arc<Semaphore>,
    pub(crate) queue_timeout: Option<Duration>,
}

/// The headers and the unstarted stream of the last request, reused by the next request with the same options: of a service's thousands
/// of streams, most differ only in URL and body.
#[derive(Default)]
pub(crate) struct SharedSetup {
    headers: Mutex<Option<(&'static str, Arc<HeaderMap>)>>,
    /// A stream that has not started.
    stream: Mutex<Option<(StreamOptions, Stream)>>,
}

impl SharedSetup {
    /// The headers of a request that accepts `accept` and has no headers of its own.
    pub(crate) fn headers(&self, accept: &'static str, make: impl FnOnce() -> HeaderMap) -> Arc<HeaderMap> {
        let mut last = self.headers.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((known, headers)) if *known == accept => Arc::clone(headers),
            _ => Arc::clone(&last.insert((accept, Arc::new(make()))).1),
        }
    }

    /// A stream with these options that has not started. A stream that starts from a cursor is not shared.
    pub(crate) fn stream(&self, options: StreamOptions) -> Stream {
        if options.last_event_id.is_some() {
            return Stream::new(options);
        }
        let mut last = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((known, stream)) if *known == options => stream.clone(),
            _ => last.insert((options.clone(), Stream::new(options))).1.clone(),
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("client_headers", &self.client_headers)
            .field("slots", &self.slots)
            .finish_non_exhaustive()
    }
}
