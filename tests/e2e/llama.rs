//! Tests against a real model server, llama.cpp's own, with a tiny model that produces noise (`tests/servers/llama_app.py`).
//! `cargo xtask test` installs it and passes its location in the environment; without it, these tests pass and report that they did
//! not run.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tidewire::llm::Finish;
use tidewire::{Client, Dialect, Outcome, Refusal, Reply};
use tidewire_tests::child::ChildServer;
use tidewire_tests::within;

const APP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/servers/llama_app.py");
const TOKENS: u64 = 200;
/// Far more tokens than arrive before the test is over.
const ENDLESS: u64 = 30_000;
const SOON: Duration = Duration::from_millis(20);

async fn server() -> Option<ChildServer> {
    let Some(python) = std::env::var_os("TIDEWIRE_LLAMA") else {
        println!("NOT RUN: llama.cpp's server is not installed; see `cargo xtask test --only llama`");
        return None;
    };
    let start = move |port: u16, folder: &Path| {
        let mut command = Command::new(&python);
        command.arg(APP).arg(port.to_string()).arg(folder);
        command
    };
    let server = ChildServer::start("llama", Path::new(env!("CARGO_TARGET_TMPDIR")), start).await;
    let ready = async {
        while !reqwest::get(server.url("/health")).await.is_ok_and(|head| head.status().is_success()) {
            tokio::time::sleep(SOON).await;
        }
    };
    within("the model", ready).await;
    Some(server)
}

/// A request whose answer is the same each time.
fn chat(tokens: u64) -> Value {
    json!({
        "messages": [{ "role": "user", "content": "tide" }],
        "max_tokens": tokens,
        "temperature": 0,
        "ignore_eos": true,
        "stream_options": { "include_usage": true },
    })
}

fn streamed(mut body: Value) -> Value {
    body["stream"] = json!(true);
    body
}

async fn taken(mut reply: Reply) -> Reply {
    while let Some(delta) = within("a delta", reply.next()).await {
        delta.expect("a delta");
    }
    reply
}

/// In each dialect of the server, the streamed reply equals the one without streaming.
#[tokio::test]
async fn a_streamed_reply_equals_the_one_without_streaming() {
    let Some(server) = server().await else { return };
    let whole =
        reqwest::Client::new().post(server.url("/v1/chat/completions")).body(chat(TOKENS).to_string());
    let whole = whole.send().await.expect("an answer").text().await.expect("an answer");
    let whole: Value = serde_json::from_str(&whole).expect("JSON");
    let text = whole["choices"][0]["message"]["content"].as_str().expect("a text");
    assert!(text.chars().count() > 100, "{whole}");

    let mut responses = chat(TOKENS);
    responses["input"] = responses["messages"].take();
    responses["max_output_tokens"] = json!(TOKENS);
    // Its Responses API reports `completed` even if a limit was reached.
    for (path, body, dialect, finish) in [
        ("/v1/chat/completions", chat(TOKENS), Dialect::OpenAiChat, Finish::Length),
        ("/v1/messages", chat(TOKENS), Dialect::Anthropic, Finish::Length),
        ("/v1/responses", responses, Dialect::OpenAiResponses, Finish::Stop),
    ] {
        for asked in [dialect.clone(), Dialect::Auto] {
            let reply = Client::new().post(server.url(path)).json(&streamed(body.clone())).reply(asked);
            let reply = taken(reply).await;
            assert_eq!(reply.dialect(), &dialect);
            assert_eq!(reply.end().map(|end| end.outcome), Some(Outcome::Complete), "{path}");
            let message = reply.message();
            // The server holds back part of a character until the next token, and drops it after the last token.
            let rest = text.strip_prefix(&message.text).map(|rest| rest.chars().count());
            assert!(rest.is_some_and(|rest| rest <= 4), "{path}: {:?} of {text:?}", message.text);
            assert_eq!((message.finish, message.usage.output_tokens), (Some(finish), Some(TOKENS)), "{path}");
            assert!(!message.id.is_empty(), "{path}");
        }
    }
}

#[tokio::test]
async fn a_refusal_carries_the_servers_reason() {
    let Some(server) = server().await else { return };
    let mut reply =
        Client::new().post(server.url("/v1/chat/completions")).json(&json!({})).reply(Dialect::Auto);
    assert!(within("the end", reply.next()).await.is_some_and(|item| item.is_err()));
    let end = reply.end().expect("an end");
    assert_eq!(end.outcome, Outcome::Refused { status: 400, why: Refusal::Status });
    let body = end.refused.as_ref().map(|refused| String::from_utf8_lossy(&refused.body).into_owned());
    assert!(body.as_ref().is_some_and(|body| body.contains("messages")), "{body:?}");
}

#[tokio::test]
async fn dropping_a_reply_stops_the_model() {
    let Some(server) = server().await else { return };
    let slot = async || -> Value {
        let slots = reqwest::get(server.url("/slots")).await.expect("slots").text().await.expect("slots");
        serde_json::from_str::<Value>(&slots).expect("JSON")[0].take()
    };
    let request = Client::new().post(server.url("/v1/chat/completions")).json(&streamed(chat(ENDLESS)));
    let mut reply = request.reply(Dialect::OpenAiChat);
    for _ in 0..20 {
        within("a delta", reply.next()).await.expect("a delta").expect("a delta");
    }
    assert_eq!(slot().await["is_processing"], true);
    drop(reply);
    let dropped = Instant::now();
    while slot().await["is_processing"] != false {
        assert!(dropped.elapsed() < Duration::from_secs(5), "the model still runs: {}", slot().await);
        tokio::time::sleep(SOON).await;
    }
    // The model is free for the next request.
    let next = Client::new().post(server.url("/v1/chat/completions")).json(&streamed(chat(5)));
    let next = taken(next.reply(Dialect::OpenAiChat)).await;
    assert_eq!(next.message().usage.output_tokens, Some(5));
    println!("stopped within {:?}", dropped.elapsed());
}
