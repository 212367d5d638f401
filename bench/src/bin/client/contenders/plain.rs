//! The floor: plain reqwest, which reads and counts the bytes.

use std::error::Error;
use std::future::Future;

use tidewire_bench::event::{DATA, EVENT};

use super::{Client, Outcome};
use crate::meter::Reading;

pub(crate) struct Plain(reqwest::Client);

impl Client for Plain {
    fn new() -> Result<Self, Box<dyn Error>> {
        Ok(Self(reqwest::Client::builder().build()?))
    }

    fn read(&self, url: String, mut reading: Reading) -> impl Future<Output = Outcome> + 'static {
        let request = self.0.get(url).header("accept", "text/event-stream");
        async move {
            let mut response = request.send().await?;
            let mut rest = 0;
            while let Some(chunk) = response.chunk().await? {
                if rest == 0 && chunk.len() == EVENT {
                    // Nearly every chunk is one event, as it was written.
                    let data = "data: ".len();
                    if !reading.event(&chunk[data..data + DATA], 0)? {
                        return Ok(());
                    }
                    continue;
                }
                rest += chunk.len();
                while rest >= EVENT {
                    rest -= EVENT;
                    if !reading.bytes_of_event() {
                        return Ok(());
                    }
                }
            }
            Err("the body ended early".into())
        }
    }
}
