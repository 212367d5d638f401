//! A subscription: connects again after every end and every break, and resumes after the last event id.
//!
//! ```sh
//! tidewire serve > serve.log &
//! cargo run -p tidewire-examples --example follow -- http://127.0.0.1:8787/notify
//! ```

use std::time::Duration;

use tidewire::{Client, Error};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "http://127.0.0.1:8787/notify".to_owned());
    let mut events = Client::new()
        .get(url)
        .follow()
        .idle_timeout(Duration::from_secs(60))
        .on_attempt(|attempt| {
            eprintln!("request {}, after id {:?}, in {:?}", attempt.number, attempt.cursor, attempt.delay)
        })
        .on_stall(|silent| eprintln!("silent for {silent:?}"))
        .events();
    while let Some(event) = events.next().await {
        let event = event?;
        println!("{} {}: {}", event.id, event.event, event.data);
    }
    // The server answered 204: it has no more events.
    println!("{:?} after {} requests", events.outcome(), events.stats().attempts);
    Ok(())
}
