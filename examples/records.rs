//! Reads typed records from an NDJSON stream. A record that does not match the type is reported, and reading continues.
//!
//! ```sh
//! tidewire serve > serve.log &
//! cargo run -p tidewire-examples --example records -- http://127.0.0.1:8787/ndjson
//! ```

use serde::Deserialize;
use tidewire::{Client, Error, Marker};

#[derive(Deserialize)]
struct Line {
    message: Message,
}

#[derive(Deserialize)]
struct Message {
    content: String,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "http://127.0.0.1:8787/ndjson".to_owned());
    let end: Marker = "json:done=true".parse().expect("a marker");

    // Without a record that matches this marker the stream is truncated, even if its body ends cleanly.
    let mut lines = Client::new().get(url).end_on(end).records::<Line>();
    while let Some(line) = lines.next().await {
        match line {
            Ok(line) => print!("{}", line.message.content),
            Err(error) if error.is_last() => return Err(error),
            Err(error) => eprintln!("skipped: {error}"),
        }
    }
    Ok(())
}
