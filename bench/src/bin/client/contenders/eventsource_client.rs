//! eventsource-client, over its own transport.

use std::error::Error;
use std::future::Future;

use eventsource_client::{Client as _, ClientBuilder, SSE};
use futures_util::StreamExt;
use launchdarkly_sdk_transport::HyperTransport;

use super::{Client, Outcome};
use crate::meter::Reading;

pub(crate) struct EventsourceClient;

impl Client for EventsourceClient {
    fn new() -> Result<Self, Box<dyn Error>> {
        Ok(Self)
    }

    fn read(&self, url: String, mut reading: Reading) -> impl Future<Output = Outcome> + 'static {
        async move {
            let transport = HyperTransport::new()?;
            let mut stream = ClientBuilder::for_url(&url)?.build_with_transport(transport).stream();
            while let Some(event) = stream.next().await {
                if let SSE::Event(event) = event? {
                    let text =
                        event.data.len() + event.event_type.len() + event.id.as_ref().map_or(0, String::len);
                    if !reading.event(event.data.as_bytes(), text)? {
                        return Ok(());
                    }
                }
            }
            Err("the stream ended early".into())
        }
    }
}
