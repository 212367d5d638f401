//! Tidewire: owned events, with all defaults.

use std::error::Error;
use std::future::Future;

use super::{Client, Outcome};
use crate::meter::Reading;

pub(crate) struct Tidewire(tidewire::Client);

impl Client for Tidewire {
    fn new() -> Result<Self, Box<dyn Error>> {
        Ok(Self(tidewire::Client::new()))
    }

    fn read(&self, url: String, mut reading: Reading) -> impl Future<Output = Outcome> + 'static {
        let mut stream = self.0.get(url).events();
        async move {
            while let Some(event) = stream.next().await {
                let event = event?;
                let name = match &event.event {
                    std::borrow::Cow::Borrowed(_) => 0,
                    std::borrow::Cow::Owned(name) => name.len(),
                };
                if !reading.event(event.data.as_bytes(), event.data.len() + event.id.len() + name)? {
                    return Ok(());
                }
            }
            Err("the stream ended early".into())
        }
    }
}
