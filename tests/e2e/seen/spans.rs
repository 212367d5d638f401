//! Tests the span of each stream and the events in it.

use std::time::Duration;

use serde_json::{Value, json};
use tidewire::{Client, Outcome, Request};
use tidewire_tests::raw::{Act, RawServer, chunk, reply};
use tidewire_tests::{take, upstream, within};
use tracing::Level;

use crate::capture::{Capture, CapturedEvent, Fields, Span};
use crate::{STALL, STREAM, interrupted, stalling};

/// One event as a line: its level, name, and the fields that do not depend on time.
fn line(event: &CapturedEvent) -> String {
    let timeless = |name: &str| {
        !matches!(
            name,
            "tidewire.elapsed_ms"
                | "tidewire.silent_ms"
                | "tidewire.delay_ms"
                | "gen_ai.response.time_to_first_chunk"
        )
    };
    let fields = event.fields.iter().filter(|(name, _)| timeless(name) && **name != "url.full");
    let said = fields.map(|(name, value)| format!(" {}={value}", name.trim_start_matches("tidewire.")));
    format!("{} {}{}", event.level, event.message, said.collect::<String>())
}

/// The only span of a stream, which must be closed, and the lines of its events, which must be inside it.
fn only(capture: &Capture) -> (Span, Vec<String>) {
    let spans = capture.streams();
    assert_eq!(spans.len(), 1, "{spans:?}");
    assert!(spans[0].closed, "{spans:?}");
    assert_eq!((spans[0].name, spans[0].level), ("stream", Level::INFO));
    let place = capture.spans().iter().position(|span| span.target == "tidewire");
    let events = capture.events("tidewire");
    assert!(events.iter().all(|event| event.span == place), "{events:?}");
    (spans[0].clone(), events.iter().map(line).collect())
}

fn is(fields: &Fields, name: &str, want: impl Into<Value>) {
    assert_eq!(fields.get(name), Some(&want.into()), "{name} in {fields:?}");
}

#[tokio::test]
async fn a_stream_that_is_complete() {
    let (capture, _guard) = Capture::start();
    let server = upstream().await;
    let url = server.url("/chat?interval_ms=0&events=3");
    let port = url.split(['/', ':']).nth(4).expect("a port").parse::<i64>().expect("a number");
    let taken = take(&mut Client::new().get(&url).events()).await;
    assert_eq!(taken.outcome, Some(Outcome::Complete));

    let (span, lines) = only(&capture);
    let events = taken.items.len();
    let bytes = lines[2].split_once("bytes=").and_then(|(_, rest)| rest.split(' ').next()).expect("bytes");
    assert_eq!(
        lines,
        [
            r#"INFO attempt attempt=1 reason="first""#.to_owned(),
            "INFO first_event".to_owned(),
            format!(r#"INFO end attempts=1 bytes={bytes} events={events} outcome="complete""#),
        ]
    );
    let fields = &span.fields;
    is(fields, "otel.name", "GET");
    is(fields, "otel.kind", "client");
    is(fields, "http.request.method", "GET");
    is(fields, "url.full", format!("http://127.0.0.1:{port}/chat"));
    is(fields, "server.address", "127.0.0.1");
    is(fields, "server.port", port);
    is(fields, "http.response.status_code", 200);
    is(fields, "tidewire.outcome", "complete");
    let first = capture.events("tidewire")[1].fields["gen_ai.response.time_to_first_chunk"].clone();
    assert!(first.as_f64().is_some_and(|seconds| seconds > 0.0), "{first}");
    is(fields, "gen_ai.response.time_to_first_chunk", first);
    for absent in
        ["error.type", "otel.status_code", "http.request.resend_count", "http.request.method_original"]
    {
        assert!(!fields.contains_key(absent), "{absent} in {fields:?}");
    }
}

#[tokio::test]
async fn every_attempt_has_its_reason() {
    let (capture, _guard) = Capture::start();
    let server = RawServer::start(interrupted()).await;
    let request = Client::new().get(server.url("/")).retry_delay(Duration::from_millis(1));
    let mut stream = request.events();
    let taken = take(&mut stream).await;
    assert_eq!(taken.items.len(), 3);

    let (span, lines) = only(&capture);
    let bytes = stream.stats().bytes;
    assert_eq!(
        lines,
        [
            r#"INFO attempt attempt=1 reason="first""#.to_owned(),
            r#"INFO attempt attempt=2 reason="status""#.to_owned(),
            "INFO first_event".to_owned(),
            r#"INFO attempt attempt=3 reason="body""#.to_owned(),
            format!(r#"INFO end attempts=3 bytes={bytes} events=3 outcome="complete""#),
        ]
    );
    is(&span.fields, "http.request.resend_count", 2);
    is(&span.fields, "http.response.status_code", 200);
}

#[tokio::test]
async fn a_stall_is_reported_when_it_happens() {
    let (capture, _guard) = Capture::start();
    let server = RawServer::start(stalling()).await;
    take(&mut Client::new().get(server.url("/")).stall_after(STALL).events()).await;
    let (_, lines) = only(&capture);
    let names: Vec<_> = lines.iter().map(|line| line.split(' ').nth(1).expect("a name")).collect();
    assert_eq!(names, ["attempt", "first_event", "stall", "end"]);
    let silent = capture.events("tidewire")[2].fields["tidewire.silent_ms"].as_i64();
    assert!(silent >= i64::try_from(STALL.as_millis()).ok(), "{silent:?}");
    assert_eq!(capture.events("tidewire")[2].level, Level::WARN);
}

#[tokio::test]
async fn a_failed_stream_is_an_error_of_its_span() {
    let server = upstream().await;
    let none = RawServer::start(vec![vec![Act::Hang]]).await;
    let get = |path: &str| Client::new().get(server.url(path)).retry_attempts(0);
    let rows: [(Request, &str, Option<i64>, &str); 8] = [
        (get("/midstream-error?interval_ms=0"), "failed", Some(200), "failed"),
        (get("/truncate?interval_ms=0").resume(tidewire::Resume::Never), "truncated", Some(200), "truncated"),
        (get("/status?status=404"), "refused", Some(404), "404"),
        (get("/status?status=503&retry_after=999"), "refused", Some(503), "503"),
        (get("/html"), "refused", Some(200), "refused"),
        (
            Client::new().get(none.url("/")).retry_attempts(0).idle_timeout(STALL),
            "timed_out",
            None,
            "timed_out",
        ),
        (Client::new().get("http://127.0.0.1:1/").retry_attempts(0), "unreachable", None, "unreachable"),
        (Client::new().get("nowhere"), "usage", None, "usage"),
    ];
    for (request, code, status, error) in rows {
        let (capture, _guard) = Capture::start();
        let taken = take(&mut request.events()).await;
        assert_eq!(taken.error.as_ref().map(tidewire::Error::code), Some(code));
        let (Span { fields, .. }, lines) = only(&capture);
        is(&fields, "tidewire.outcome", code);
        is(&fields, "error.type", error);
        is(&fields, "otel.status_code", "ERROR");
        assert_eq!(fields.get("http.response.status_code").and_then(Value::as_i64), status, "{fields:?}");
        let end = lines.last().expect("an end");
        assert!(end.starts_with("WARN end ") && end.contains(&format!(r#"error.type="{error}""#)), "{end}");
        assert_eq!(fields.contains_key("otel.status_description"), code != "usage");
    }
}

#[tokio::test]
async fn a_dropped_stream_is_cancelled_and_not_an_error() {
    let server = upstream().await;
    let stalled = || Client::new().get(server.url("/stall?interval_ms=0")).events();
    for closes in [false, true] {
        let (capture, _guard) = Capture::start();
        let mut stream = stalled();
        within("an event", stream.next()).await.expect("an item").expect("an event");
        assert!(!capture.streams()[0].closed);
        if closes {
            stream.close();
            take(&mut stream).await;
            assert!(capture.streams()[0].closed, "closed, although the stream still exists");
        }
        drop(stream);
        let (Span { fields, .. }, lines) = only(&capture);
        is(&fields, "tidewire.outcome", "cancelled");
        assert!(!fields.contains_key("otel.status_code") && !fields.contains_key("error.type"), "{fields:?}");
        let end = lines.last().expect("an end");
        assert!(
            end.starts_with("INFO end attempts=1 bytes=") && end.ends_with(r#"outcome="cancelled""#),
            "{end}"
        );
    }
    let (capture, _guard) = Capture::start();
    drop(stalled());
    assert!(capture.streams().is_empty(), "it was never polled");
}

#[tokio::test]
async fn methods_and_hosts_follow_opentelemetrys_conventions() {
    let rows = [
        ("POST", "http://127.0.0.1:1/a", Some("POST"), "127.0.0.1", 1),
        ("BREW", "http://localhost:1/a", None, "localhost", 1),
        ("GET", "http://[::1]:1/a", Some("GET"), "::1", 1),
        ("GET", "https://127.0.0.1/a", Some("GET"), "127.0.0.1", 443),
    ];
    for (method, url, known, host, port) in rows {
        let (capture, _guard) = Capture::start();
        let method = method.parse::<reqwest::Method>().expect("a method");
        // The span starts with the first poll, before any response.
        let mut stream = Client::new().request(method.clone(), url).events();
        let _ = tokio::time::timeout(Duration::ZERO, stream.next()).await;
        drop(stream);
        let fields = &capture.streams()[0].fields;
        is(fields, "otel.name", known.unwrap_or("HTTP"));
        is(fields, "http.request.method", known.unwrap_or("_OTHER"));
        let original = fields.get("http.request.method_original");
        assert_eq!(original, known.is_none().then(|| json!(method.as_str())).as_ref());
        is(fields, "server.address", host);
        is(fields, "server.port", port);
    }
}

#[tokio::test]
async fn hooks_run_in_the_streams_span_and_nothing_else_does() {
    let (capture, _guard) = Capture::start();
    let server = RawServer::start(interrupted()).await;
    let other = RawServer::start(vec![vec![reply(STREAM, &chunk(b"data: x\n\n")), Act::Hang]]).await;
    let outer = tracing::info_span!(target: "caller", "outer");

    let request = Client::new()
        .get(server.url("/"))
        .retry_delay(Duration::from_millis(1))
        .on_attempt(|attempt| tracing::info!(target: "hook", "attempt {}", attempt.number))
        .prepare_async(|request| async {
            tokio::time::sleep(Duration::from_millis(2)).await;
            tracing::info!(target: "prepare", "after a wait");
            Ok::<_, String>(request)
        });
    let mut first = request.events();
    let mut second = Client::new().get(other.url("/")).events();
    {
        // The span around the first poll is the parent.
        let next = outer.in_scope(|| Box::pin(first.next()));
        let entered = outer.enter();
        let waker = std::task::Waker::noop();
        let mut context = std::task::Context::from_waker(waker);
        let mut next = next;
        assert!(std::future::Future::poll(next.as_mut(), &mut context).is_pending());
        drop(entered);
        tracing::info!(target: "caller", "while it waits");
        within("an event", next).await;
    }
    within("an event", second.next()).await;
    tracing::info!(target: "caller", "between");
    while within("the rest", first.next()).await.is_some() {}
    drop((first, second));

    let spans = capture.spans();
    let places: Vec<_> = (0..spans.len()).filter(|&place| spans[place].target == "tidewire").collect();
    let [first, second] = places[..] else { panic!("{spans:?}") };
    assert_eq!(spans[first].parent.map(|parent| spans[parent].name), Some("outer"));
    assert_eq!(spans[second].parent, None);
    for target in ["hook", "prepare"] {
        let events = capture.events(target);
        assert_eq!(events.len(), 3, "{events:?}");
        assert!(events.iter().all(|event| event.span == Some(first)), "{events:?}");
    }
    assert!(capture.events("caller").iter().all(|event| event.span.is_none()));
    assert_eq!(capture.events("caller").len(), 2);
    let of = |place| capture.events("tidewire").iter().filter(|event| event.span == Some(place)).count();
    assert_eq!((of(first), of(second)), (5, 3));
}
