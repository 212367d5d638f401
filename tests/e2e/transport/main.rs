//! The native transport against answers that are cut off, coded, redirected or not HTTP at all.

mod codings;
mod failures;
mod http2;
mod redirects;

use std::time::Duration;

use tidewire::{Client, Event, Outcome, Request};
use tidewire_tests::{Taken, take};

const SSE: &str = "content-type: text/event-stream";
const SOON: Duration = Duration::from_millis(1);

fn get(url: &str) -> Request {
    Client::new().get(url).retry_delay(SOON)
}

/// The events' data, the outcome, and the last error in words.
async fn read(request: Request) -> (Vec<String>, Option<Outcome>, String) {
    let Taken { items, outcome, error, .. } = take(&mut request.events()).await;
    let data = items.into_iter().map(|Event { data, .. }| data).collect();
    (data, outcome, error.map(|error| error.to_string()).unwrap_or_default())
}

/// A head of status 200 with these headers, and a body that goes on to the end of the connection.
fn head(headers: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{SSE}\r\n{headers}connection: close\r\n\r\n").into_bytes()
}
