//! An LLM's reply through the client: deltas, the message, and how it ends.

use serde::Deserialize;
use serde_json::json;
use tidewire::{Client, Delta, Dialect, Error, Outcome};
use tidewire_tests::raw::{Act, RawServer, reply};
use tidewire_tests::within;

const HEAD: &str = "content-type: text/event-stream\r\nconnection: close";

fn chat(pieces: &[&str], end: &str) -> Vec<u8> {
    let events = pieces.iter().map(|piece| {
        let chunk = json!({"id": "c", "model": "m", "choices": [{"index": 0, "delta": {"content": piece}}]});
        format!("data: {chunk}\n\n")
    });
    (events.collect::<String>() + end).into_bytes()
}

async fn server(body: &[u8]) -> RawServer {
    RawServer::start(vec![vec![reply(HEAD, body)]]).await
}

#[tokio::test]
async fn deltas_and_then_the_message() {
    let server = server(&chat(&["{\"a\":", "1}"], "data: [DONE]\n\n")).await;
    let body = json!({"stream": true});
    let mut reply = Client::new().post(server.url("/")).json(&body).reply(Dialect::Auto);
    let mut texts = Vec::new();
    while let Some(delta) = within("a delta", reply.next()).await {
        if let Delta::Text { text, .. } = delta.expect("a delta") {
            texts.push(text.into_owned());
        }
    }
    assert_eq!(texts, ["{\"a\":", "1}"]);
    assert_eq!((&*reply.message().id, &*reply.message().text), ("c", "{\"a\":1}"));
    assert_eq!(reply.dialect(), &Dialect::OpenAiChat);
    assert_eq!(reply.ending().map(|ending| ending.outcome), Some(Outcome::Complete));
}

#[tokio::test]
async fn the_text_as_the_json_that_was_asked_for() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Answer {
        a: u8,
    }
    let server = server(&chat(&["{\"a\":", "1}"], "data: [DONE]\n\n")).await;
    let answer = Client::new().post(server.url("/")).reply(Dialect::OpenAiChat).json::<Answer>();
    assert_eq!(within("the answer", answer).await.expect("whole"), Answer { a: 1 });
    let wrong = Client::new().post(server.url("/")).reply(Dialect::OpenAiChat).json::<Vec<u8>>();
    assert_eq!(within("the answer", wrong).await.expect_err("no list").code(), "bad_record");
}

#[tokio::test]
async fn what_is_not_whole_is_an_error() {
    let error = "data: {\"error\":{\"type\":\"overloaded\",\"message\":\"later\"}}\n\ndata: [DONE]\n\n";
    for (end, code, said) in [("", "truncated", None), (error, "failed", Some("overloaded: later"))] {
        let server = server(&chat(&["a"], end)).await;
        let whole = Client::new().post(server.url("/")).reply(Dialect::OpenAiChat).whole();
        let Err(Error::Ended(ending)) = within("the end", whole).await else { panic!("{code}: whole") };
        assert_eq!((ending.outcome.code(), ending.error.as_deref()), (code, said));
    }
}

#[tokio::test]
async fn text_is_what_the_reply_says_and_events_stay_events() {
    let body = chat(&["a", "b"], "data: [DONE]\n\n");
    let server = server(&body).await;
    let request = || Client::new().post(server.url("/")).dialect(Dialect::OpenAiChat);
    let mut text = request().text();
    let mut texts = Vec::new();
    while let Some(item) = within("a text", text.next()).await {
        texts.push(item.expect("a text"));
    }
    assert_eq!(texts, ["a", "b"]);
    let mut events = request().events();
    let first = within("an event", events.next()).await.expect("an event").expect("an event");
    assert!(first.data.contains("choices"), "{}", first.data);
    within("the end", events.drain()).await;
    assert_eq!(events.outcome(), Some(Outcome::Complete));
}

/// A reply that breaks off and may be asked for again is asked for again, as any stream is.
#[tokio::test]
async fn a_reply_that_broke_before_its_first_delta_is_asked_for_again() {
    let whole = chat(&["a"], "data: [DONE]\n\n");
    let script = |act| vec![act];
    let server = RawServer::start(vec![script(Act::Reset), script(reply(HEAD, &whole))]).await;
    let request = Client::new().post(server.url("/")).idempotent().retry_delay(std::time::Duration::ZERO);
    let message = within("the message", request.reply(Dialect::OpenAiChat).whole()).await.expect("whole");
    assert_eq!(message.text, "a");
}
