//! A chat in the terminal, with any server that offers OpenAI's chat completions.
//!
//! ```sh
//! tidewire serve > serve.log &
//! cargo run -p tidewire-examples --example terminal_chat -- 'http://127.0.0.1:8787/llm?reply=text'
//! ```
//!
//! Set an API key in the environment variable `OPENAI_API_KEY`; pass the model as the second argument. Ctrl-D ends the chat.

use std::io::{self, BufRead, Write as _};

use serde_json::{Value, json};
use tidewire::{Client, Delta, Dialect, Error, Message};

#[tokio::main]
async fn main() -> io::Result<()> {
    let mut args = std::env::args().skip(1);
    let url = args.next().unwrap_or_else(|| "http://127.0.0.1:8787/llm?reply=text".to_owned());
    let model = args.next().unwrap_or_else(|| "tidewire-demo".to_owned());
    let client = Client::new();
    let mut messages: Vec<Value> = Vec::new();
    prompt()?;
    for line in io::stdin().lock().lines() {
        messages.push(json!({ "role": "user", "content": line? }));
        match answer(&client, &url, &json!({ "model": model, "messages": messages, "stream": true })).await {
            Ok(message) => messages.push(json!({ "role": "assistant", "content": message.text })),
            // Half an answer is shown, but does not become part of the conversation.
            Err(error) => {
                println!("\n[not whole: {error}]");
                messages.pop();
            }
        }
        prompt()?;
    }
    println!();
    Ok(())
}

fn prompt() -> io::Result<()> {
    print!("> ");
    io::stdout().flush()
}

/// Prints an answer as it arrives, and returns the whole message.
async fn answer(client: &Client, url: &str, body: &Value) -> Result<Message, Error> {
    let mut request = client.post(url).json(body);
    if let Ok(key) = std::env::var("OPENAI_API_KEY") {
        request = request.bearer_auth(&key);
    }
    let mut reply = request.reply(Dialect::OpenAiChat);
    while let Some(delta) = reply.next().await {
        match delta {
            Ok(Delta::Text { text, .. } | Delta::Refusal { text, .. }) => {
                print!("{text}");
                // Show the text now, not at the end of the line.
                let _ = io::stdout().flush();
            }
            Ok(Delta::ToolCall { name, .. }) => println!("\n[calls {name}]"),
            Ok(_) => {}
            Err(error) if error.is_last() => return Err(error),
            Err(error) => eprintln!("{error}"),
        }
    }
    println!();
    Ok(reply.message().clone())
}
