//! LLM replies through the client: deltas, the message, the outcome, and background responses.

use serde::Deserialize;
use serde_json::json;
use tidewire::{Client, Delta, Dialect, Error, Outcome, Request, Resume};
use tidewire_cli::serve::{Scenario, ServeConfig, Server};
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
    assert_eq!(reply.end().map(|end| end.outcome), Some(Outcome::Complete));
}

#[tokio::test]
async fn the_text_is_read_as_json() {
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
async fn a_reply_that_is_not_whole_is_an_error() {
    let error = "data: {\"error\":{\"type\":\"overloaded\",\"message\":\"later\"}}\n\ndata: [DONE]\n\n";
    for (last, code, said) in [("", "truncated", None), (error, "failed", Some("overloaded: later"))] {
        let server = server(&chat(&["a"], last)).await;
        let whole = Client::new().post(server.url("/")).reply(Dialect::OpenAiChat).whole();
        let Err(Error::Ended(end)) = within("the end", whole).await else { panic!("{code}: whole") };
        assert_eq!((end.outcome.code(), end.error.as_deref()), (code, said));
    }
}

/// A message in which a record was skipped is not whole: the missing record may be the word that matters.
#[tokio::test]
async fn a_whole_message_has_no_hole() {
    // Every choice has finished, so that a clean end completes it.
    let finished = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
    for (end, code) in [("data: [DONE]\n\n", "bad_record"), (finished, "bad_record"), ("", "truncated")] {
        let body = String::from_utf8(chat(&["press ", "not ", "it"], end)).expect("text");
        let body = body.replace("\"not \"", "\"not ");
        let server = server(body.as_bytes()).await;
        let whole = Client::new().post(server.url("/")).reply(Dialect::OpenAiChat).whole();
        assert_eq!(within("the message", whole).await.expect_err("a hole").code(), code);
        let json = Client::new().post(server.url("/")).reply(Dialect::OpenAiChat).json::<u8>();
        assert_eq!(within("the message", json).await.expect_err("a hole").code(), code);
    }
}

#[tokio::test]
async fn text_yields_the_replys_text_and_events_yields_events() {
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

/// A reply that breaks is retried if its request may be repeated, like any stream.
#[tokio::test]
async fn a_reply_that_breaks_before_its_first_delta_is_retried() {
    let whole = chat(&["a"], "data: [DONE]\n\n");
    let script = |act| vec![act];
    let server = RawServer::start(vec![script(Act::Reset), script(reply(HEAD, &whole))]).await;
    let request = Client::new().post(server.url("/")).idempotent().retry_delay(std::time::Duration::ZERO);
    let message = within("the message", request.reply(Dialect::OpenAiChat).whole()).await.expect("whole");
    assert_eq!(message.text, "a");
}

/// A followed reply has no cursor. After a break it restarts from its beginning, and the message is that of the last attempt.
#[tokio::test]
async fn a_followed_reply_that_restarts_is_not_in_the_message_twice() {
    let broken = "content-type: text/event-stream\r\ncontent-length: 1000";
    let whole = chat(&["Hel", "lo"], "data: [DONE]\n\n");
    let scripts = || vec![vec![reply(broken, &chat(&["Hel"], ""))], vec![reply(HEAD, &whole)]];
    let follow = |server: &RawServer| {
        Client::new().get(server.url("/")).follow().retry_delay(std::time::Duration::ZERO)
    };
    for dialect in [Dialect::OpenAiChat, Dialect::Auto] {
        let server = RawServer::start(scripts()).await;
        let message = within("the message", follow(&server).reply(dialect).whole()).await.expect("whole");
        assert_eq!((&*message.text, server.seen().len()), ("Hello", 2));
    }
    // Until the restart, the message keeps what has arrived.
    let refusal = Act::Send(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_vec());
    let server = RawServer::start(vec![scripts().remove(0), vec![refusal]]).await;
    let mut reply = follow(&server).reply(Dialect::OpenAiChat);
    while within("a delta", reply.next()).await.is_some() {}
    assert_eq!(reply.end().map(|end| end.outcome.code()), Some("refused"));
    assert_eq!(reply.message().text, "Hel");
}

async fn responses() -> Server {
    let scenario = Some(Scenario::dialect("openai-responses").expect("a dialect"));
    Server::start(ServeConfig { scenario, ..ServeConfig::default() }).await.expect("a free port")
}

/// Each request of a stream: its method, path and `starting_after`.
fn asked(server: &Server) -> Vec<(String, String, Option<u64>)> {
    let number =
        |query: &str| query.split('&').find_map(|pair| pair.strip_prefix("starting_after="))?.parse().ok();
    let split = |path: &str| {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        (path.to_owned(), number(query))
    };
    let log = server.log();
    log.iter()
        .map(|request| {
            let (path, after) = split(&request.path);
            (request.method.clone(), path, after)
        })
        .collect()
}

fn background(server: &Server, cut_at: u32) -> Request {
    let url = server.url(&format!("/v1/responses?api-version=1&interval_ms=0&cut_at={cut_at}"));
    let body = json!({"background": true, "stream": true});
    Client::new().post(url).json(&body).retry_delay(std::time::Duration::ZERO)
}

/// A background response resumes after the last event that arrived, as often as it breaks.
#[tokio::test]
async fn a_background_response_resumes_where_it_broke() {
    let server = responses().await;
    let whole = background(&server, 1_000_000).reply(Dialect::OpenAiResponses).whole();
    let whole = within("the message", whole).await.expect("whole");
    assert!(whole.text.ends_with("适合游泳。") && whole.tool_calls.len() == 2, "{whole:?}");
    server.clear_log();
    let request = background(&server, 2_500).resume(Resume::Always).idempotency_key("k");
    let message =
        within("the message", request.reply(Dialect::OpenAiResponses).whole()).await.expect("whole");
    assert_eq!(message, whole);
    let asked = asked(&server);
    assert_eq!((&*asked[0].0, &*asked[0].1, asked[0].2), ("POST", "/v1/responses", None));
    assert!(asked.len() > 3, "{asked:?}");
    for pair in asked[1..].windows(2) {
        assert!(pair[0].2 < pair[1].2, "{asked:?}");
    }
    for (method, path, after) in &asked[1..] {
        assert_eq!((&**method, &**path), ("GET", "/v1/responses/resp_tidewire"));
        assert!(after.is_some());
    }
    let log = server.log();
    let continued = &log[1];
    assert!(
        log[0].headers.contains_key("idempotency-key") && !continued.headers.contains_key("idempotency-key")
    );
    assert!(
        continued.path.contains("api-version=1") && continued.path.contains("stream=true"),
        "{continued:?}"
    );
    assert!(continued.body_bytes == 0 && !continued.headers.contains_key("content-type"), "{continued:?}");
}

/// If a reply breaks before its id arrives, there is no URL at which to resume. That is the server's fault, not the caller's.
#[tokio::test]
async fn a_background_response_that_broke_before_its_id_is_truncated() {
    let delta = json!({"type": "response.output_text.delta", "sequence_number": 1, "delta": "a"});
    let body = format!("data: {delta}\n\n");
    let broken = "content-type: text/event-stream\r\ncontent-length: 1000";
    let server = RawServer::start(vec![vec![reply(broken, body.as_bytes())]]).await;
    let request = Client::new().post(server.url("/v1/responses")).json(&json!({})).resume(Resume::Always);
    let mut reply = request.reply(Dialect::OpenAiResponses);
    let mut last = None;
    while let Some(item) = within("a delta", reply.next()).await {
        last = Some(item);
    }
    assert_eq!(last.and_then(Result::err).as_ref().map(Error::code), Some("truncated"));
    assert_eq!(reply.end().map(|end| end.outcome), Some(Outcome::Truncated));
    assert_eq!((&*reply.message().text, server.seen().len()), ("a", 1));
}

/// A stored cursor is an event's number. A GET resumes the response after that event.
#[tokio::test]
async fn a_stored_cursor_resumes_a_background_response() {
    let server = responses().await;
    let get = |query: &str| {
        let url = server.url(&format!("/v1/responses/resp_tidewire?interval_ms=0{query}"));
        Client::new().get(url).last_event_id("8")
    };
    for request in [get("&stream=true"), get(""), get("").resume(Resume::Never)] {
        server.clear_log();
        let whole = request.reply(Dialect::OpenAiResponses).whole();
        assert!(within("the message", whole).await.is_ok());
        let log = server.log();
        assert_eq!(asked(&server)[0].2, Some(8));
        assert!(log[0].path.contains("stream=true"), "{:?}", log[0].path);
        assert!(!log[0].headers.contains_key("last-event-id"));
    }
    server.clear_log();
    for request in [background(&server, 2_500), background(&server, 2_500).resume(Resume::Always)] {
        let reply = request.last_event_id("8").reply(Dialect::OpenAiResponses).whole();
        assert_eq!(within("the end", reply).await.expect_err("usage").code(), "usage");
    }
    assert!(server.log().is_empty());
    // An empty cursor counts as no cursor.
    let reply = background(&server, 100_000).last_event_id("").reply(Dialect::OpenAiResponses);
    within("the message", reply.whole()).await.expect("whole");
    assert_eq!(server.log().len(), 1);
}

/// A broken GET is repeated at its own URL. A broken POST is not resumed unless the caller asks for it, even if the request may be
/// repeated, because a second answer would start from the beginning.
#[tokio::test]
async fn a_response_is_not_answered_twice() {
    let server = responses().await;
    let url = server.url("/v1/responses/resp_tidewire?stream=true&interval_ms=0&cut_at=9000");
    let request = Client::new().get(url).retry_delay(std::time::Duration::ZERO);
    let message =
        within("the message", request.reply(Dialect::OpenAiResponses).whole()).await.expect("whole");
    assert_eq!(message.text.matches("Sète").count(), 1, "{message:?}");
    let asked_for = asked(&server);
    assert_eq!(asked_for.len(), 2, "{asked_for:?}");
    assert!(
        asked_for.iter().all(|one| one.0 == "GET" && one.1 == "/v1/responses/resp_tidewire"),
        "{asked_for:?}"
    );
    // Also after the cursor of an earlier stream.
    server.clear_log();
    let url = server.url("/v1/responses/resp_tidewire?stream=true&interval_ms=0");
    let request = Client::new().get(url).last_event_id("3");
    within("the message", request.reply(Dialect::OpenAiResponses).whole()).await.expect("whole");
    assert_eq!(asked(&server)[0].2, Some(3));
    for request in [background(&server, 2_500), background(&server, 2_500).idempotent()] {
        server.clear_log();
        let error =
            within("the end", request.reply(Dialect::OpenAiResponses).whole()).await.expect_err("cut");
        assert_eq!((error.code(), server.log().len()), ("truncated", 1));
        assert!(asked(&server)[0].2.is_none() && !server.log()[0].headers.contains_key("last-event-id"));
    }
}
