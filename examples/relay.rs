//! A service between a web page and an LLM provider: the page gets OpenAI's chat format, whatever dialect the provider uses.
//!
//! - It reads the upstream only as fast as the page reads, and closes that request as soon as the page disconnects.
//! - A whole reply ends with `[DONE]`. An error of the provider is passed on as an error. If the upstream's reply was cut, the page's
//!   is cut too, because a clean end would make half an answer look whole.
//! - If the upstream refuses the request, the page gets a 502 with the reason.
//!
//! ```sh
//! tidewire serve --dialect anthropic > serve.log &
//! cargo run -p tidewire-examples --example relay -- 8080 http://127.0.0.1:8787/v1/messages &
//! tidewire get http://127.0.0.1:8080/chat --json '{"messages":[]}' --dialect auto
//! ```

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures_util::stream;
use serde_json::{Value, json};
use tidewire::{Client, Delta, Dialect, Error, Outcome};

struct Upstream {
    client: Client,
    url: String,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let mut args = std::env::args().skip(1);
    let port = args.next().and_then(|port| port.parse().ok()).unwrap_or(8080);
    let url = args.next().unwrap_or_else(|| "http://127.0.0.1:8787/llm?dialect=anthropic".to_owned());
    let upstream = Arc::new(Upstream { client: Client::new(), url });
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    axum::serve(listener, Router::new().route("/chat", post(relay)).with_state(upstream)).await
}

async fn relay(State(upstream): State<Arc<Upstream>>, body: Bytes) -> Response {
    let request = upstream.client.post(&upstream.url).header("content-type", "application/json").body(body);
    let mut reply = request.reply(Dialect::Auto);
    // The status tells whether there is a reply, so wait for its first item.
    let first = reply.next().await;
    if let Some(Err(error)) = &first
        && error.is_last()
    {
        return (StatusCode::BAD_GATEWAY, format!("{error}\n")).into_response();
    }
    let events = stream::unfold(Some((first, reply)), |state| async {
        let (item, mut reply) = state?;
        let (event, goes_on) = match item {
            Some(Ok(delta)) => (Ok(event(&delta)), true),
            Some(Err(error)) if !error.is_last() => (Ok(format!(": {}\n\n", error.code())), true),
            Some(Err(error)) => (over(error), false),
            None if reply.end().is_some_and(|end| end.outcome == Outcome::Complete) => {
                (Ok("data: [DONE]\n\n".to_owned()), false)
            }
            None => (Ok(String::new()), false),
        };
        // Runs only after the page has taken the previous event.
        Some((event, if goes_on { Some((reply.next().await, reply)) } else { None }))
    });
    ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(events)).into_response()
}

/// Ends a reply that is not whole: the provider's error was already passed on; anything else breaks the connection to the page.
fn over(error: Error) -> Result<String, Error> {
    if error.code() == "failed" { Ok(String::new()) } else { Err(error) }
}

/// A delta as an event of OpenAI's chat.
fn event(delta: &Delta<'_>) -> String {
    let call = |call: Value| json!({ "tool_calls": [call] });
    let chunk = match delta {
        Delta::Start { id, model, .. } => json!({
            "id": id,
            "model": model,
            "choices": [{ "index": 0, "delta": { "role": "assistant" } }],
        }),
        Delta::Text { choice, text } => said(*choice, json!({ "content": text })),
        Delta::Reasoning { choice, text } => said(*choice, json!({ "reasoning_content": text })),
        Delta::Refusal { choice, text } => said(*choice, json!({ "refusal": text })),
        Delta::ToolCall { choice, index, id, name } => {
            let function = json!({ "name": name, "arguments": "" });
            said(*choice, call(json!({ "index": index, "id": id, "type": "function", "function": function })))
        }
        Delta::Arguments { choice, index, fragment } => {
            said(*choice, call(json!({ "index": index, "function": { "arguments": fragment } })))
        }
        Delta::Finish { choice, reason, .. } => {
            json!({ "choices": [{ "index": choice, "delta": {}, "finish_reason": reason.name() }] })
        }
        Delta::Usage(usage) => json!({
            "choices": [],
            "usage": { "prompt_tokens": usage.input_tokens, "completion_tokens": usage.output_tokens },
        }),
        Delta::Error { kind, message, .. } => json!({ "error": { "type": kind, "message": message } }),
        // The page shows nothing else.
        _ => return String::new(),
    };
    format!("data: {chunk}\n\n")
}

fn said(choice: u32, delta: Value) -> Value {
    json!({ "choices": [{ "index": choice, "delta": delta }] })
}
