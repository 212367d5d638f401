//! Prints a chat reply as it arrives, then how it truly ended.
//!
//! ```sh
//! tidewire serve > serve.log &
//! cargo run -p tidewire-examples --example chat -- http://127.0.0.1:8787/ai/chat "why is the sky blue?"
//! ```

use std::io::Write as _;

use serde_json::{Value, json};
use tidewire::{Client, Error};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let mut args = std::env::args().skip(1);
    let url = args.next().unwrap_or_else(|| "http://127.0.0.1:8787/ai/chat".to_owned());
    let prompt = args.next().unwrap_or_else(|| "hello".to_owned());

    let mut chunks = Client::new().post(url).json(&json!({ "prompt": prompt })).records::<Value>();
    while let Some(chunk) = chunks.next().await {
        // The last item is an error unless the reply is whole.
        let chunk = chunk?;
        if let Some(text) = chunk["choices"][0]["delta"]["content"].as_str() {
            print!("{text}");
            // Show the text now, not at the end of the line.
            let _ = std::io::stdout().flush();
        }
    }
    println!("\n{:?}", chunks.outcome());
    Ok(())
}
