//! reqwest-eventsource, over the version of reqwest that it was written for.

use std::error::Error;
use std::future::Future;

use futures_util::StreamExt;
use reqwest_eventsource::{Event, RequestBuilderExt};

use super::{Client, Outcome};
use crate::meter::Reading;

pub(crate) struct ReqwestEventsource(reqwest_0_12::Client);

impl Client for ReqwestEventsource {
    fn new() -> Result<Self, Box<dyn Error>> {
        Ok(Self(reqwest_0_12::Client::builder().build()?))
    }

    fn read(&self, url: String, mut reading: Reading) -> impl Future<Output = Outcome> + 'static {
        let request = self.0.get(url);
        async move {
            let mut stream = request.eventsource()?;
            while let Some(event) = stream.next().await {
                if let Event::Message(message) = event? {
                    let text = message.data.len() + message.id.len() + message.event.len();
                    if !reading.event(message.data.as_bytes(), text)? {
                        return Ok(());
                    }
                }
            }
            Err("the stream ended early".into())
        }
    }
}
