//! What requests that are described alike share: a service has thousands of streams at a time, and most of them differ in their URL
//! and their body alone.

use std::sync::{Arc, Mutex, PoisonError};

use http::HeaderMap;
use tidewire_core::{Stream, StreamOptions};

/// What the last request came to. The next one that says the same takes a share of it.
#[derive(Default)]
pub(crate) struct SharedSetup {
    headers: Mutex<Option<(&'static str, Arc<HeaderMap>)>>,
    /// A stream that has not begun.
    stream: Mutex<Option<(StreamOptions, Stream)>>,
}

impl SharedSetup {
    /// The headers of a request that asks for `accept` and has none of its own.
    pub(crate) fn headers(&self, accept: &'static str, make: impl FnOnce() -> HeaderMap) -> Arc<HeaderMap> {
        let mut last = self.headers.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((known, headers)) if *known == accept => Arc::clone(headers),
            _ => Arc::clone(&last.insert((accept, Arc::new(make()))).1),
        }
    }

    /// A stream that has not begun. One that begins behind a cursor is like no other.
    pub(crate) fn stream(&self, setup: StreamOptions) -> Stream {
        if setup.last_event_id.is_some() {
            return Stream::new(setup);
        }
        let mut last = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((known, stream)) if *known == setup => stream.clone(),
            _ => last.insert((setup.clone(), Stream::new(setup))).1.clone(),
        }
    }
}
