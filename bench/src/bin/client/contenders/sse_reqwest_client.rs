//! sse-reqwest-client, over reqwest.

use std::error::Error;
use std::future::Future;

use futures_util::StreamExt;
use sse_reqwest_client::{RequestBuilderExt, SseEvent};

use super::{Client, Outcome};
use crate::meter::Reading;

pub(crate) struct SseReqwestClient(reqwest::Client);

impl Client for SseReqwestClient {
    fn new() -> Result<Self, Box<dyn Error>> {
        Ok(Self(reqwest::Client::builder().build()?))
    }

    fn read(&self, url: String, mut reading: Reading) -> impl Future<Output = Outcome> + 'static {
        let mut stream = self.0.get(url).into_event_source();
        async move {
            while let Some(event) = stream.next().await {
                if let SseEvent::Message(message) = event? {
                    if !reading.event(message.data.as_bytes(), message.data.len())? {
                        return Ok(());
                    }
                }
            }
            Err("the stream ended early".into())
        }
    }
}
