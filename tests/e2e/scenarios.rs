//! Reads every scenario of `serve` with the client, and checks the outcome.

use std::time::Duration;

use serde_json::Value;
use tidewire::{Client, Error, Event, Format, Frame, Marker, Outcome, Refusal};
use tidewire_cli::serve::{flaky_text, prompt_text, reply_text};
use tidewire_tests::{ids, requests, take, upstream};

/// The text of an OpenAI-shaped reply.
fn text_of(events: &[Event]) -> String {
    let contents = events.iter().map(|event| {
        let chunk: Value = serde_json::from_str(&event.data).expect("a chunk is JSON");
        chunk["choices"][0]["delta"]["content"].as_str().unwrap_or_default().to_owned()
    });
    contents.collect()
}

#[tokio::test]
async fn chat_like_replies_are_complete() {
    let server = upstream().await;
    for path in [
        "/chat?interval_ms=0",
        "/glued?interval_ms=0",
        "/think?interval_ms=0&silence_ms=50",
        "/slow-headers?silence_ms=50&interval_ms=0",
    ] {
        let mut events = Client::new().post(server.url(path)).body("{}").events();
        let taken = take(&mut events).await;
        assert_eq!(taken.outcome, Some(Outcome::Complete), "{path}");
        assert_eq!(text_of(&taken.items), reply_text(), "{path}");
        assert_eq!(events.stats().attempts, 1, "{path}");
    }
}

#[tokio::test]
async fn every_byte_in_its_own_segment() {
    let server = upstream().await;
    let taken = take(&mut Client::new().get(server.url("/split?interval_ms=0")).events()).await;
    assert_eq!(taken.outcome, Some(Outcome::Complete));
    assert!(reply_text().starts_with(&text_of(&taken.items)));
    assert_eq!(taken.items.len(), 10);
}

#[tokio::test]
async fn a_flaky_reply_is_resumed_until_it_is_whole() {
    let server = upstream().await;
    let mut events =
        Client::new().get(server.url("/flaky?interval_ms=0")).retry_delay(Duration::from_millis(1)).events();
    let taken = take(&mut events).await;
    assert_eq!(taken.outcome, Some(Outcome::Complete));
    assert_eq!(text_of(&taken.items), flaky_text());
    let expected: Vec<String> = (1..=taken.items.len()).map(|id| id.to_string()).collect();
    assert_eq!(ids(&taken.items), expected);
    let log = server.log();
    let cursors: Vec<Option<&str>> = requests(&log, "/flaky")
        .iter()
        .map(|request| request.headers.get("last-event-id").map(String::as_str))
        .collect();
    assert_eq!(cursors.len() as u32, events.stats().attempts);
    assert_eq!(cursors[0], None);
    assert!(cursors[1..].iter().all(Option::is_some), "{cursors:?}");
}

#[tokio::test]
async fn a_post_is_not_resumed_unless_it_is_declared() {
    let server = upstream().await;
    let request = || {
        Client::new()
            .post(server.url("/flaky?interval_ms=0"))
            .body("{}")
            .retry_delay(Duration::from_millis(1))
    };
    let taken = take(&mut request().events()).await;
    assert_eq!(taken.outcome, Some(Outcome::Truncated));
    let end = taken.error.as_ref().and_then(Error::end).expect("the end");
    assert_eq!(end.cursor.as_deref(), taken.items.last().map(|event| event.id.as_str()));
    assert_eq!(requests(&server.log(), "/flaky").len(), 1);
    for declared in
        [request().idempotent(), request().idempotency_key("k-1"), request().resume(tidewire::Resume::Always)]
    {
        server.clear_log();
        let taken = take(&mut declared.events()).await;
        assert_eq!(taken.outcome, Some(Outcome::Complete));
        assert_eq!(text_of(&taken.items), flaky_text());
    }
    let log = server.log();
    assert!(requests(&log, "/flaky").iter().all(|request| request.method == "POST" && request.body == "{}"));
}

#[tokio::test]
async fn one_idempotency_key_for_all_attempts() {
    let server = upstream().await;
    let request = Client::new().post(server.url("/flaky?interval_ms=0")).idempotency_key("order-7");
    take(&mut request.retry_delay(Duration::from_millis(1)).events()).await;
    let log = server.log();
    assert!(log.len() > 2);
    assert!(
        log.iter().all(|request| request.headers.get("idempotency-key").is_some_and(|key| key == "order-7"))
    );
}

#[tokio::test]
async fn json_records_in_every_format() {
    #[derive(serde::Deserialize)]
    struct Line {
        message: Message,
        done: bool,
    }
    #[derive(serde::Deserialize)]
    struct Message {
        content: String,
    }
    let server = upstream().await;
    for (path, format) in
        [("/ndjson?interval_ms=0", Format::Ndjson), ("/jsonseq?interval_ms=0", Format::JsonSeq)]
    {
        let mut records = Client::new()
            .get(server.url(path))
            .end_on("json:done=true".parse().expect("a marker"))
            .records::<Line>();
        let taken = take(&mut records).await;
        assert_eq!((taken.outcome, records.format()), (Some(Outcome::Complete), format));
        assert_eq!(
            taken.items.iter().map(|line| line.message.content.as_str()).collect::<String>(),
            reply_text()
        );
        assert!(taken.items.last().is_some_and(|line| line.done));
    }
    let mut records = Client::new().get(server.url("/jsonarray?interval_ms=0")).records::<Value>();
    let taken = take(&mut records).await;
    assert_eq!((taken.outcome, records.format()), (Some(Outcome::Ended), Format::JsonArray));
    assert!(taken.items.len() > 10);
    let mut records = Client::new().get(server.url("/plain")).records::<Value>();
    let taken = take(&mut records).await;
    assert_eq!(
        (taken.outcome, records.format(), taken.items.len()),
        (Some(Outcome::Ended), Format::Concat, 1)
    );
}

#[tokio::test]
async fn records_of_sse_data() {
    let server = upstream().await;
    let taken = take(&mut Client::new().get(server.url("/chat?interval_ms=0")).records::<Value>()).await;
    assert_eq!(taken.outcome, Some(Outcome::Complete));
    assert!(taken.items.iter().all(|chunk| chunk["object"] == "chat.completion.chunk"));
    // Data that does not match the type is reported, and the next data is read.
    #[derive(serde::Deserialize)]
    struct Picky {
        #[serde(rename = "not there")]
        _field: u8,
    }
    let taken =
        take(&mut Client::new().get(server.url("/chat?interval_ms=0&events=3")).records::<Picky>()).await;
    assert_eq!((taken.outcome, taken.items.len()), (Some(Outcome::Complete), 0));
    assert!(
        taken.passed_over.len() >= 3 && taken.passed_over.iter().all(|error| error.code() == "bad_record")
    );
}

#[tokio::test]
async fn text_ends_with_its_marker_which_is_not_shown() {
    let server = upstream().await;
    let taken = take(&mut Client::new().get(server.url("/text?interval_ms=0")).text()).await;
    assert_eq!((taken.outcome, taken.items.concat()), (Some(Outcome::Complete), reply_text().to_owned()));
}

#[tokio::test]
async fn notifications_end_cleanly_and_replay() {
    let server = upstream().await;
    let mut events = Client::new().get(server.url("/notify?interval_ms=0")).events();
    let taken = take(&mut events).await;
    assert_eq!((taken.outcome, taken.items.len(), events.stats().attempts), (Some(Outcome::Ended), 10, 1));
    let last = taken.items[6].id.clone();
    let rest =
        take(&mut Client::new().get(server.url("/notify?interval_ms=0")).last_event_id(&last).events()).await;
    assert_eq!((rest.outcome, &rest.items[..]), (Some(Outcome::Ended), &taken.items[7..]));
}

#[tokio::test]
async fn a_followed_stream_continues_until_204() {
    let server = upstream().await;
    let request =
        Client::new().get(server.url("/notify?interval_ms=0")).follow().retry_delay(Duration::from_millis(1));
    let mut events = request.events();
    let taken = take(&mut events).await;
    // Ten events, a clean end, a second request after the last id, 204.
    assert_eq!((taken.outcome, taken.items.len(), events.stats().attempts), (Some(Outcome::Ended), 10, 2));
}

#[tokio::test]
async fn heartbeats_are_events_unless_declared() {
    let server = upstream().await;
    let url = server.url("/heartbeat?interval_ms=0");
    let all = take(&mut Client::new().get(&url).events()).await;
    let beats = |events: &[Event]| events.iter().filter(|event| event.data.contains("heartbeat")).count();
    assert!(beats(&all.items) > 5);
    let marker: Marker = "json:type=heartbeat".parse().expect("a marker");
    let quiet = take(&mut Client::new().get(&url).heartbeat_on(marker.clone()).events()).await;
    assert_eq!((quiet.outcome, beats(&quiet.items)), (Some(Outcome::Complete), 0));
    let frames = take(&mut Client::new().get(&url).heartbeat_on(marker).frames()).await;
    let comments = frames.items.iter().filter(|frame| matches!(frame, Frame::Comment(_))).count();
    assert!(comments >= 2 * beats(&all.items), "the server's own comments, and a comment for each heartbeat");
}

#[tokio::test]
async fn a_large_final_event_arrives_whole() {
    let server = upstream().await;
    let taken = take(&mut Client::new().get(server.url("/bigfinal?interval_ms=0")).events()).await;
    let last = taken.items.last().expect("events");
    assert_eq!(taken.outcome, Some(Outcome::Complete));
    assert!(last.data.len() >= 2 << 20 && serde_json::from_str::<Value>(&last.data).is_ok());
}

#[tokio::test]
async fn an_event_beyond_the_limit_is_an_error_or_skipped() {
    let server = upstream().await;
    let url = server.url("/bigfinal?interval_ms=0");
    let taken = take(&mut Client::new().get(&url).max_event_bytes(1 << 20).events()).await;
    let Some(Outcome::Unreadable { limit: Some(limit), offset }) = taken.outcome else { panic!("{taken:?}") };
    assert_eq!(limit, 1 << 20);
    assert!(offset > 1 << 20);
    let small = taken.items.len();
    let taken = take(&mut Client::new().get(&url).max_event_bytes(1 << 20).skip_oversized().events()).await;
    assert_eq!((taken.outcome, taken.items.len()), (Some(Outcome::Complete), small));
    assert_eq!(taken.passed_over.iter().map(Error::code).collect::<Vec<_>>(), ["too_large"]);
}

#[tokio::test]
async fn an_error_inside_the_stream_decides_the_outcome() {
    let server = upstream().await;
    let url = server.url("/midstream-error?interval_ms=0");
    let taken = take(&mut Client::new().get(&url).events()).await;
    assert_eq!(taken.outcome, Some(Outcome::Failed));
    assert_eq!(
        taken.items.last().map(|event| event.event.as_ref()),
        Some("error"),
        "the error event is delivered"
    );
    let taken = take(&mut Client::new().get(&url).fail_on_none().events()).await;
    assert_eq!(taken.outcome, Some(Outcome::Complete));
}

#[tokio::test]
async fn a_body_that_breaks_is_truncated() {
    let server = upstream().await;
    let taken = take(&mut Client::new().get(server.url("/truncate?interval_ms=0")).events()).await;
    assert_eq!((taken.outcome, requests(&server.log(), "/truncate").len()), (Some(Outcome::Truncated), 1));
}

#[tokio::test]
async fn busy_servers_are_retried_when_they_ask_for_it() {
    let server = upstream().await;
    let taken =
        take(&mut Client::new().post(server.url("/busy?interval_ms=0&retry_after=0")).body("x").events())
            .await;
    assert_eq!((taken.outcome, requests(&server.log(), "/busy").len()), (Some(Outcome::Complete), 3));
    let taken = take(&mut Client::new().get(server.url("/busy?key=b&retry_after=3600")).events()).await;
    let Some(Outcome::Refused { status: 429, why: Refusal::RetryAfter(wait) }) = taken.outcome else {
        panic!("{taken:?}")
    };
    assert_eq!(wait, Duration::from_secs(3600));
    // Without Retry-After a POST is not sent again.
    server.clear_log();
    let taken = take(&mut Client::new().post(server.url("/status?status=503")).body("x").events()).await;
    assert!(matches!(taken.outcome, Some(Outcome::Refused { status: 503, why: Refusal::Status })));
    assert_eq!(requests(&server.log(), "/status").len(), 1);
}

#[tokio::test]
async fn refusals_carry_the_servers_response_and_are_not_retried() {
    let server = upstream().await;
    for (path, status) in [
        ("/auth", 401),
        ("/status?status=404", 404),
        ("/status?status=400", 400),
        ("/status?status=501", 501),
    ] {
        server.clear_log();
        let taken = take(&mut Client::new().get(server.url(path)).events()).await;
        assert_eq!(taken.outcome, Some(Outcome::Refused { status, why: Refusal::Status }), "{path}");
        let response = taken
            .error
            .as_ref()
            .and_then(Error::end)
            .and_then(|end| end.refused.as_deref())
            .expect("the response");
        assert!(serde_json::from_slice::<Value>(&response.body).is_ok(), "{path}");
        assert_eq!((response.status, server.log().len()), (status, 1), "{path}");
    }
    let taken = take(&mut Client::new().get(server.url("/html")).events()).await;
    assert_eq!(taken.outcome, Some(Outcome::Refused { status: 200, why: Refusal::ContentType }));
    let error = taken.error.expect("an error").to_string();
    assert!(error.contains("text/html"), "{error}");
    let taken = take(&mut Client::new().get(server.url("/gone")).events()).await;
    assert_eq!((taken.outcome, requests(&server.log(), "/gone").len()), (Some(Outcome::Ended), 1));
    let taken = take(
        &mut Client::new().get(server.url("/gone")).end_on("event:close".parse().expect("a marker")).events(),
    )
    .await;
    assert_eq!(taken.outcome, Some(Outcome::Truncated));
    let taken =
        take(&mut Client::new().get(server.url("/auth?interval_ms=0")).bearer_auth("t").events()).await;
    assert_eq!(taken.outcome, Some(Outcome::Complete));
}

#[tokio::test]
async fn json_instead_of_events_is_refused() {
    let server = upstream().await;
    let request = || Client::new().get(server.url("/plain"));
    let refused = Some(Outcome::Refused { status: 200, why: Refusal::ContentType });
    assert_eq!(take(&mut request().events()).await.outcome, refused);
    assert_eq!(take(&mut request().accept(Format::Sse).frames()).await.outcome, refused);
    assert_eq!(take(&mut request().accept(Format::Auto).frames()).await.outcome, Some(Outcome::Ended));
    let asked: Vec<String> =
        requests(&server.log(), "/plain").iter().map(|request| request.headers["accept"].clone()).collect();
    assert_eq!((&*asked[0], &*asked[1]), ("text/event-stream", "text/event-stream"));
    assert_ne!(asked[2], "text/event-stream");
}

#[tokio::test]
async fn a_redirect_to_another_origin_drops_secrets() {
    let server = upstream().await;
    let request = Client::new()
        .post(server.url("/redirect?interval_ms=0"))
        .body("{}")
        .bearer_auth("secret")
        .header("cookie", "a=b")
        .header("x-api-key", "k")
        .secret_header("x-mine", "m")
        .header("x-public", "p")
        .last_event_id("7");
    let taken = take(&mut request.events()).await;
    assert_eq!(taken.outcome, Some(Outcome::Complete));
    let log = server.log();
    assert_eq!(log.len(), 2);
    let (first, second) = (&log[0], &log[1]);
    for name in ["authorization", "cookie", "x-api-key", "x-mine", "last-event-id", "x-public"] {
        assert!(first.headers.contains_key(name), "{name} goes to the first origin");
        assert_eq!(second.headers.contains_key(name), name == "x-public", "{name} at the second origin");
    }
    assert_ne!(first.port, second.port);
    assert_eq!((second.method.as_str(), second.body.as_str()), ("POST", "{}"), "307 keeps method and body");
    server.clear_log();
    take(&mut Client::new().post(server.url("/redirect?interval_ms=0&status=303")).body("{}").events()).await;
    let log = server.log();
    assert_eq!((log[1].method.as_str(), log[1].body_bytes), ("GET", 0), "303 becomes a GET");
    assert!(!log[1].headers.contains_key("content-type"));
}

#[tokio::test]
async fn endless_redirects_are_refused() {
    let server = upstream().await;
    let taken = take(&mut Client::new().get(server.url("/redirect?to=redirect")).events()).await;
    assert_eq!(taken.outcome, Some(Outcome::Refused { status: 307, why: Refusal::Status }));
    assert_eq!(server.log().len(), 21);
}

#[tokio::test]
async fn the_routes_that_tutorials_use() {
    let server = upstream().await;
    let body = serde_json::json!({ "prompt": "why is the sky blue" });
    let taken =
        take(&mut Client::new().post(server.url("/ai/chat?interval_ms=0")).json(&body).events()).await;
    assert_eq!(taken.outcome, Some(Outcome::Complete));
    assert_eq!(text_of(&taken.items), prompt_text("why is the sky blue"));
    let taken =
        take(&mut Client::new().post(server.url("/stream?interval_ms=0")).json(&body).records::<Value>())
            .await;
    assert_eq!(taken.outcome, Some(Outcome::Complete));
    let mut ticks = Client::new().get(server.url("/sse?interval_ms=0")).events();
    for _ in 0..3 {
        assert!(ticks.next().await.expect("a tick").expect("an event").data.starts_with("tick"));
    }
}
