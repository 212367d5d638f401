//! Tidewire on a request of the caller's own reqwest client.

use serde::de::DeserializeOwned;

use crate::event::{Event, Frame};
use crate::request::Request;
use crate::streaming::Streaming;

/// Makes a stream of a `reqwest::RequestBuilder`. The redirect, proxy, TLS and connect settings of its client hold.
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
    /// The request with all that Tidewire can do to it.
    fn streaming(self) -> Request;

    /// The reply as SSE events, see [`Request::events`].
    fn events(self) -> Streaming<Event>
    where
        Self: Sized,
    {
        self.streaming().events()
    }

    /// The reply as typed JSON records, see [`Request::records`].
    fn records<T: DeserializeOwned>(self) -> Streaming<T>
    where
        Self: Sized,
    {
        self.streaming().records()
    }

    /// The reply as text, see [`Request::text`].
    fn text(self) -> Streaming<String>
    where
        Self: Sized,
    {
        self.streaming().text()
    }

    /// Everything that the stream shows, see [`Request::frames`].
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
