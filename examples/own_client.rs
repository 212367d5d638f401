//! Streams a request of your own reqwest client, with that client's settings.
//!
//! ```sh
//! tidewire serve > serve.log &
//! cargo run -p tidewire-examples --example own_client -- http://127.0.0.1:8787/chat
//! ```

use tidewire::RequestBuilderExt as _;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "http://127.0.0.1:8787/chat".to_owned());
    let client = reqwest::Client::builder().user_agent("my-service/1.0").build()?;

    let mut events = client.get(url).events();
    while let Some(event) = events.next().await {
        println!("{}", event?.data);
    }
    println!("{:?}", events.outcome());
    Ok(())
}
